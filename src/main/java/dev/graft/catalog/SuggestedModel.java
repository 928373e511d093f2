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
 * A small model of the hub to begin with; those there are stand in {@code suggested-models.json}.
 *
 * @param id a name for it here
 * @param source as {@code graft models add --from} takes it, pinned
 * @param bytes of its weights, as they are fetched
 * @param gated whether the hub wants its licence accepted, and then a token
 * @param trainingMemory bytes of a device that LoRA takes with rows of 1024 tokens and gradient
 *     checkpointing {@code auto}, as jobs are estimated
 * @param fits whether a device has those; null = none is known
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
   * By the memory that training takes: those that fit first.
   *
   * @param memory bytes of the device; null = not known
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
