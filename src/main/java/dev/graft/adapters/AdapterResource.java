package dev.graft.adapters;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import dev.graft.platform.UnixTime;
import dev.graft.weights.LoaderRules.Compatibility;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An adapter on the wire.
 *
 * @param ownedBy name of its department
 * @param parentModel what its training continued from, or null
 * @param keep whether retention spares it
 * @param deleteAt when retention removes it; null where no notice tells so
 * @param compatibility what programs make of it; empty where its base is no longer known
 */
record AdapterResource(
    String id,
    String object,
    String name,
    String ownedBy,
    String baseModel,
    @Nullable String parentModel,
    String jobId,
    String trainingFile,
    long createdAt,
    @JsonUnwrapped Content content,
    @JsonUnwrapped Settings settings,
    List<LoaderVerdict> compatibility,
    long trainedTokens,
    @Nullable DeprecationObject deprecation,
    boolean keep,
    @Nullable Long deleteAt) {

  /**
   * Its bytes.
   *
   * @param bytes size of {@code /content}
   * @param sha256 checksum of {@code /content}
   */
  record Content(long bytes, String sha256, List<File> files) {
    static Content of(BlobRef archive, Manifest manifest) {
      return new Content(
          archive.bytes(),
          archive.sha256().hex(),
          manifest.files().entrySet().stream()
              .map(
                  file ->
                      new File(
                          file.getKey(), file.getValue().bytes(), file.getValue().sha256().hex()))
              .toList());
    }
  }

  /**
   * How it was trained.
   *
   * @param method {@code peft_type}, or the type of a method that PEFT lacks
   * @param adapter the settings, fully resolved
   * @param metadata the pairs of its job
   */
  record Settings(@Nullable String method, JsonNode adapter, @Nullable JsonNode metadata) {}

  /** A file of the PEFT directory; {@code /files/{name}} serves it. */
  record File(String name, long bytes, String sha256) {}

  /** Why and until when; in unix seconds. */
  record DeprecationObject(String notice, long deprecatedAt, @Nullable Long retiresAt) {
    static @Nullable DeprecationObject of(Adapter.@Nullable Deprecation deprecation) {
      if (deprecation == null) return null;
      return new DeprecationObject(
          deprecation.notice(),
          deprecation.since().getEpochSecond(),
          UnixTime.seconds(deprecation.retiresAt()));
    }
  }

  /**
   * What one program makes of it.
   *
   * @param verdict {@code loads}, {@code with_conversion} or {@code no}
   * @param reasons what stands in the way and what to do about it, or what to set
   */
  record LoaderVerdict(String loader, String verdict, List<String> reasons) {
    static LoaderVerdict of(Compatibility found) {
      return new LoaderVerdict(
          found.loader().wireName(), found.verdict().wireName(), found.reasons());
    }
  }

  static AdapterResource of(
      Adapter adapter,
      String owner,
      Settings settings,
      Content content,
      List<Compatibility> compatibility,
      @Nullable Instant deleteAt) {
    Adapter.Origin origin = adapter.origin();
    return new AdapterResource(
        adapter.id(),
        "adapter",
        adapter.name(),
        owner,
        adapter.baseModel(),
        origin.parentModel(),
        origin.jobId(),
        origin.trainingFile(),
        adapter.createdAt().getEpochSecond(),
        content,
        settings,
        compatibility.stream().map(LoaderVerdict::of).toList(),
        origin.trainedTokens(),
        DeprecationObject.of(adapter.deprecation()),
        adapter.kept(),
        UnixTime.seconds(deleteAt));
  }
}
