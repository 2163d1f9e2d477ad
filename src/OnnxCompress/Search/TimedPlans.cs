using OnnxCompress.Allocation;
using OnnxCompress.Timing;

namespace OnnxCompress.Search;

/// <summary>What spreads budgets by the times of layers.</summary>
/// <param name="Allocator">Spreads them.</param>
/// <param name="Time">What choices take in the runtime; null where time is not limited.</param>
/// <param name="WholeShare">The share of the original's time that a model takes of which nothing is removed.</param>
internal sealed record TimedPlans(PlanAllocator Allocator, LatencyCost? Time, double WholeShare);
