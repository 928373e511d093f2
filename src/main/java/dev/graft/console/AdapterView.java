package dev.graft.console;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A published result, as the API tells it. */
record AdapterView(
    String id,
    String name,
    String baseModel,
    @Nullable String parentModel,
    String jobId,
    String trainingFile,
    long createdAt,
    long bytes,
    String sha256,
    List<FileView> files,
    @Nullable String method,
    JsonNode adapter,
    List<VerdictView> compatibility,
    long trainedTokens,
    @Nullable DeprecationView deprecation,
    @Nullable Long deleteAt) {

  /** The files that llama.cpp and Ollama load, if it has any. */
  public List<FileView> gguf() {
    return files.stream().filter(file -> file.name().endsWith(".gguf")).toList();
  }

  public record FileView(String name, long bytes, String sha256) {}

  public record VerdictView(String loader, String verdict, List<String> reasons) {}

  public record DeprecationView(String notice) {}

  public record LineageView(List<RelativeView> ancestors, List<RelativeView> descendants) {}

  public record RelativeView(
      @Nullable String model, @Nullable String adapterId, @Nullable String jobId) {}
}
