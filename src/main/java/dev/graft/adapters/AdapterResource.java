package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An adapter on the wire.
 *
 * @param bytes size of {@code /content}
 * @param sha256 checksum of {@code /content}
 * @param adapter the settings it was trained with, fully resolved
 * @param loaders which programs load it as it is
 */
@Schema(name = "Adapter")
record AdapterResource(
    String id,
    String object,
    String name,
    String baseModel,
    String jobId,
    String trainingFile,
    long createdAt,
    long bytes,
    String sha256,
    List<File> files,
    @Schema(type = "object") JsonNode adapter,
    List<LoaderReport> loaders,
    long trainedTokens) {

  /** A file of the PEFT directory; {@code /files/{name}} serves it. */
  @Schema(name = "AdapterFile")
  record File(String name, long bytes, String sha256) {}

  static AdapterResource of(
      Adapter adapter,
      JsonNode configuration,
      BlobRef archive,
      Manifest manifest,
      @Nullable JsonNode peftConfig) {
    List<File> files =
        manifest.files().entrySet().stream()
            .map(
                file ->
                    new File(
                        file.getKey(), file.getValue().bytes(), file.getValue().sha256().hex()))
            .toList();
    return new AdapterResource(
        adapter.id(),
        "adapter",
        adapter.name(),
        adapter.baseModel(),
        adapter.jobId(),
        adapter.trainingFile(),
        adapter.createdAt().getEpochSecond(),
        archive.bytes(),
        archive.sha256().hex(),
        files,
        configuration,
        LoaderReport.of(peftConfig),
        adapter.trainedTokens());
  }
}
