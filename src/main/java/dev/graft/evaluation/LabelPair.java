package dev.graft.evaluation;

/**
 * A text as it is labelled and as it should be.
 *
 * @param actual the known label
 */
record LabelPair(String actual, String predicted) {
  boolean isRight() {
    return actual.equals(predicted);
  }
}
