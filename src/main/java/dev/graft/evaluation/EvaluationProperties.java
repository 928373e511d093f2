package dev.graft.evaluation;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * {@code graft.evaluations.*}.
 *
 * @param parallel evaluations that a server works at at once
 * @param maxSamples questions that one may have
 * @param maxOpen evaluations of a department that have not ended
 * @param maxKept evaluations of a department in all: their questions and answers are in the
 *     database
 * @param maxFile rows of a larger file are not read for one
 * @param slice how long one is worked at before others have their turn
 * @param lease a server that says nothing for so long has lost the evaluation that it works at
 * @param poll how often a server looks for one
 * @param patience one that nobody has been there to answer for so long has failed
 */
@Validated
@ConfigurationProperties("graft.evaluations")
record EvaluationProperties(
    @DefaultValue("1") @Min(1) @Max(64) int parallel,
    @DefaultValue("1000") @Min(1) @Max(1_000) int maxSamples,
    @DefaultValue("100") @Min(1) int maxOpen,
    @DefaultValue("1000") @Min(1) int maxKept,
    @DefaultValue("256MB") DataSize maxFile,
    @DefaultValue("20s") Duration slice,
    @DefaultValue("30s") Duration lease,
    @DefaultValue("1s") Duration poll,
    @DefaultValue("1d") Duration patience) {
  private static final Duration SHORTEST_LEASE = Duration.ofSeconds(1);

  public EvaluationProperties {
    if (!slice.isPositive() || !poll.isPositive() || !patience.isPositive()) {
      throw new IllegalArgumentException(
          "graft.evaluations.slice, poll and patience must be positive");
    }
    if (lease.compareTo(SHORTEST_LEASE) < 0) {
      throw new IllegalArgumentException("graft.evaluations.lease must be at least 1s");
    }
  }
}
