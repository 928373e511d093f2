package dev.graft.catalog;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A base model as administrators see it.
 *
 * @param id its name
 * @param family {@code model_type} of its configuration
 * @param contextLength in tokens
 * @param license what its README.md says, or null
 * @param source {@code hf:organization/name@commit}, {@code gguf:file} or {@code upload:file}; null
 *     of a directory
 * @param sha256 of the manifest that names its files: its identity
 * @param writesText false of an encoder, which only classifies
 * @param uses how many things need it, by what they are
 */
record BaseModelObject(
    String id,
    String object,
    String family,
    long parameters,
    int contextLength,
    long bytes,
    @Nullable String license,
    @Nullable String source,
    String sha256,
    boolean writesText,
    boolean enabled,
    long createdAt,
    Map<String, Long> uses) {
  static BaseModelObject of(BaseModel model, Map<String, Long> uses) {
    return new BaseModelObject(
        model.name(),
        "base_model",
        model.family(),
        model.parameters(),
        model.contextLength(),
        model.bytes(),
        model.license(),
        model.source(),
        model.manifest().hex(),
        model.writesText(),
        model.enabled(),
        model.createdAt().getEpochSecond(),
        uses);
  }
}
