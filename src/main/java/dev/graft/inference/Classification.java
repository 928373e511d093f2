package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.weights.Task;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Texts with their labels.
 *
 * @param created unix time in seconds
 * @param model as it was asked for
 * @param version name of the model that answers: of an alias what it stood for
 * @param fingerprint changes when the files that answer do
 * @param published the result of a job that answers, or null
 * @param problem what the labels mean
 * @param texts labels of each, the likeliest first
 * @param tokens of all texts, with what the tokenizer puts around them
 */
record Classification(
    String id,
    long created,
    String model,
    String version,
    String fingerprint,
    @Nullable Adapter published,
    Task.Problem problem,
    List<List<LabelScore>> texts,
    int tokens) {}
