package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The gates of an evaluation that a model has passed.
 *
 * @param evaluation its id
 * @param baseline what the model was compared with, or null
 * @param compares whether a gate is about the difference from the baseline
 * @param questions that everyone has answered
 * @param gates with their values, as the evaluation's results have them
 */
record PassedGates(
    String evaluation,
    @Nullable String baseline,
    @JsonIgnore boolean compares,
    int questions,
    JsonNode gates) {}
