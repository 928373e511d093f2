package dev.graft.console.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a job would take. */
public record QuoteView(
    DataView data,
    MemoryView memory,
    QueueView queue,
    RunView run,
    boolean approval,
    List<String> warnings) {
  record DataView(
      long rows,
      long truncatedRows,
      long droppedRows,
      long tokensPerEpoch,
      long trainedTokensPerEpoch,
      double epochs,
      long totalSteps) {}

  record MemoryView(@Nullable Long bytes, @Nullable Long largestDeviceBytes) {}

  record QueueView(@Nullable Long position, String aheadReason) {}

  record RunView(@Nullable Double tokensPerSecond, @Nullable Double seconds) {}
}
