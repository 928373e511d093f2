package dev.graft.jobs;

import tools.jackson.databind.JsonNode;

/**
 * What a training file comes to under a configuration, as {@code graft train --count} says it.
 *
 * @param rows that train, after packing
 * @param truncatedRows that {@code max_length} cut
 * @param droppedRows that it left without a token to train
 * @param tokensPerEpoch read, trained or not
 * @param exact false where only the beginning of a large file was counted
 */
record CountedRows(
    long rows,
    long truncatedRows,
    long droppedRows,
    long tokensPerEpoch,
    long trainedTokensPerEpoch,
    double epochs,
    long totalSteps,
    boolean exact) {
  /**
   * @param copied bytes of the file that were counted, of {@code bytes}
   * @param maxSteps of the configuration, 0 = the epochs decide
   */
  static CountedRows of(JsonNode counted, long copied, long bytes, int maxSteps) {
    boolean exact = copied >= bytes;
    double factor = exact ? 1 : (double) bytes / copied;
    double epochs = counted.path("epochs").asDouble();
    return new CountedRows(
        scaled(counted, "rows", factor),
        scaled(counted, "truncated_rows", factor),
        scaled(counted, "dropped_rows", factor),
        scaled(counted, "tokens_per_epoch", factor),
        scaled(counted, "trained_tokens_per_epoch", factor),
        maxSteps > 0 ? epochs / factor : epochs,
        maxSteps > 0 ? maxSteps : scaled(counted, "total_steps", factor),
        exact);
  }

  private static long scaled(JsonNode counted, String name, double factor) {
    return Math.round(counted.path(name).asLong() * factor);
  }

  /** Of the whole run. */
  double tokens() {
    return tokensPerEpoch * epochs;
  }
}
