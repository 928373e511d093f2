package dev.graft.datasets;

import java.util.List;

/**
 * What a training file was found to be.
 *
 * @param problems the first ones, at most {@link RowValidation#MAX_PROBLEMS}; empty if it is good
 */
record Validation(int examples, List<Problem> problems) {
  boolean good() {
    return problems.isEmpty();
  }
}
