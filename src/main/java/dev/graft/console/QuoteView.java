package dev.graft.console;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a job would take. */
record QuoteView(
    DataView data,
    MemoryView memory,
    QueueView queue,
    RunView run,
    boolean approval,
    List<String> warnings) {
  public record DataView(
      long rows,
      long truncatedRows,
      long droppedRows,
      long tokensPerEpoch,
      long trainedTokensPerEpoch,
      double epochs,
      long totalSteps) {}

  public record MemoryView(@Nullable Long bytes, @Nullable Long largestDeviceBytes) {}

  public record QueueView(@Nullable Long position, String aheadReason) {}

  public record RunView(@Nullable Double tokensPerSecond, @Nullable Double seconds) {}
}
