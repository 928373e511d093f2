package dev.graft.console;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a job would take. */
record JobQuote(
    Data data, Memory memory, Queue queue, Run run, boolean approval, List<String> warnings) {
  record Data(
      long rows,
      long truncatedRows,
      long droppedRows,
      long tokensPerEpoch,
      long trainedTokensPerEpoch,
      double epochs,
      long totalSteps,
      boolean exact) {}

  record Memory(@Nullable Long bytes, @Nullable Long largestDeviceBytes, @Nullable Boolean fits) {}

  record Queue(@Nullable Long position, String aheadReason, @Nullable Long eta) {}

  record Run(@Nullable Double tokensPerSecond, @Nullable Double seconds) {}
}
