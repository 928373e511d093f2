package dev.graft.console;

import org.jspecify.annotations.Nullable;

/** A base model, as administrators see it. */
record BaseModelView(
    String id,
    String family,
    long parameters,
    int contextLength,
    long bytes,
    @Nullable String license,
    boolean enabled) {
  /** One that is on its way in. */
  public record ImportView(
      String id,
      String name,
      String source,
      String status,
      long bytes,
      @Nullable Long totalBytes,
      @Nullable String error,
      long createdAt) {
    public boolean ended() {
      return !status.equals("queued") && !status.equals("running");
    }

    /** From 0 to 100. */
    public long percent() {
      return totalBytes == null || totalBytes == 0 ? 0 : Math.min(100, 100 * bytes / totalBytes);
    }
  }

  /** One of the hub to begin with. */
  public record SuggestionView(String id, String source, @Nullable Boolean fits) {}
}
