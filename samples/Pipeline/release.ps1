# Compresses a model, proves it on data that nothing before has seen, and publishes it with its report. Stops at the first failure:
# a model that decides differently never reaches the folder.
#
#   ./release.ps1 MODEL CALIBRATION TEST LABELS OUT [more options of compress]
param(
    [Parameter(Mandatory)] [string] $Model,
    [Parameter(Mandatory)] [string] $Calibration,
    [Parameter(Mandatory)] [string] $Test,
    [Parameter(Mandatory)] [string] $Labels,
    [Parameter(Mandatory)] [string] $Out,
    [Parameter(ValueFromRemainingArguments)] [string[]] $Options = @()
)
$ErrorActionPreference = 'Stop'

function Invoke-Tool {
    dotnet onnx-compress @args
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

$name = [IO.Path]::GetFileNameWithoutExtension($Model)
$work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
New-Item -ItemType Directory $work | Out-Null
try {
    $small = Join-Path $work "$name.onnx"

    # 1. Compress. The guard fails the step (exit code 3) when fewer than 98 % of the held-out decisions stay the same.
    Invoke-Tool compress $Model -o $small -d $Calibration --report "$work/$name.compress.json" --report "$work/$name.md" --report "$work/$name.html" --min-agreement 0.98 @Options

    # 2. Verify, with labels, on the test set. What shapes the values must be said again: it belongs to the data, not to the model.
    $preprocessing = @()
    for ($i = 0; $i -lt $Options.Count - 1; $i++) {
        if ($Options[$i] -in '--scale', '--mean', '--std', '--layout', '--resize', '--crop') { $preprocessing += $Options[$i], $Options[$i + 1] }
    }
    Invoke-Tool verify $Model $small -d $Test --labels $Labels --min-agreement 0.98 --json @preprocessing | Set-Content "$work/$name.verify.json"

    # 3. Publish: the model, its reports, and a checksum to compare with what is deployed.
    New-Item -ItemType Directory -Force $Out | Out-Null
    Copy-Item "$work/$name.onnx*", "$work/$name.*.json", "$work/$name.md", "$work/$name.html" $Out
    Get-ChildItem "$Out/$name.onnx*" | ForEach-Object { "$((Get-FileHash $_ -Algorithm SHA256).Hash.ToLowerInvariant())  $($_.Name)" } | Set-Content "$Out/$name.sha256"
    Write-Output "published $(Get-Content "$Out/$name.sha256")"
}
finally {
    Remove-Item -Recurse -Force $work
}
