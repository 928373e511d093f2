package dev.graft.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;
import tools.jackson.databind.json.JsonMapper;

/**
 * A small model of the hub for the first steps, from {@code suggested-models.json}.
 *
 * @param id the suggested name
 * @param source for {@code graft models add --from}, pinned to a commit
 * @param bytes size of its weights on the hub
 * @param gated whether the hub requires a token of an account that has accepted the licence
 * @param trainingMemory device memory in bytes for LoRA with rows of 1024 tokens and gradient
 *     checkpointing {@code auto}, estimated as for jobs
 * @param fits whether a device has that memory; null = no device is known
 */
@JsonNaming(SnakeCaseStrategy.class)
public record SuggestedModel(
    String id,
    String object,
    String source,
    String family,
    long parameters,
    long bytes,
    String license,
    boolean gated,
    long trainingMemory,
    @Nullable Boolean fits) {
  private static final List<SuggestedModel> ALL = read();

  public SuggestedModel {
    object = "base_model.suggestion";
  }

  /**
   * Returns the suggestions in the order of their training memory.
   *
   * @param memory of the device in bytes; null = unknown
   */
  public static List<SuggestedModel> on(@Nullable Long memory) {
    return ALL.stream().map(each -> each.fitting(memory)).toList();
  }

  private SuggestedModel fitting(@Nullable Long memory) {
    Boolean fit = memory == null ? null : Boolean.valueOf(trainingMemory <= memory);
    return new SuggestedModel(
        id, object, source, family, parameters, bytes, license, gated, trainingMemory, fit);
  }

  private static List<SuggestedModel> read() {
    try (InputStream in =
        Objects.requireNonNull(SuggestedModel.class.getResourceAsStream("suggested-models.json"))) {
      return JsonMapper.shared().readValue(in, new TypeReference<List<SuggestedModel>>() {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
