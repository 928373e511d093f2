package dev.graft.evaluation;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * {@code graft.evaluations.*}.
 *
 * @param parallel evaluations that a server works at at once
 * @param maxSamples questions that one may have
 * @param maxOpen evaluations of a department that have not ended
 * @param slice how long one is worked at before others have their turn
 * @param lease a server that says nothing for so long has lost the evaluation that it works at
 * @param poll how often a server looks for one
 * @param patience one that got no answer for so long has failed
 * @param keep how long they are kept after their end
 */
@Validated
@ConfigurationProperties("graft.evaluations")
record EvaluationProperties(
    @DefaultValue("1") @Min(1) @Max(64) int parallel,
    @DefaultValue("1000") @Min(1) @Max(10_000) int maxSamples,
    @DefaultValue("100") @Min(1) int maxOpen,
    @DefaultValue("20s") Duration slice,
    @DefaultValue("30s") Duration lease,
    @DefaultValue("1s") Duration poll,
    @DefaultValue("1d") Duration patience,
    @DefaultValue("365d") Duration keep) {}
