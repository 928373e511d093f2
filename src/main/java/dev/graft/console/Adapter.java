package dev.graft.console;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A published result, as the API tells it. */
record Adapter(
    String id,
    String name,
    String baseModel,
    @Nullable String parentModel,
    String jobId,
    String trainingFile,
    long createdAt,
    long bytes,
    String sha256,
    List<File> files,
    @Nullable String method,
    JsonNode adapter,
    @Nullable Map<String, String> metadata,
    List<Verdict> compatibility,
    long trainedTokens,
    @Nullable Deprecation deprecation,
    @Nullable Long deleteAt) {

  record File(String name, long bytes, String sha256) {}

  record Verdict(String loader, String verdict, List<String> reasons) {}

  record Deprecation(String notice, @Nullable Long retiresAt) {}

  record Lineage(List<Relative> ancestors, List<Relative> descendants) {}

  record Relative(
      int distance,
      @Nullable String model,
      @Nullable String adapterId,
      @Nullable String jobId,
      @Nullable String jobStatus) {}
}
