package dev.graft.jobs;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A version on the wire.
 *
 * @param createdAt of this version, unix seconds
 * @param adapter as it was given
 * @param resolved the same with every default, as a job would run
 */
record AdapterConfigObject(
    String object,
    String id,
    String name,
    int version,
    @Nullable String description,
    long createdAt,
    boolean preset,
    JsonNode adapter,
    JsonNode resolved) {
  static AdapterConfigObject of(AdapterConfigVersion config) {
    return new AdapterConfigObject(
        "adapter_config",
        config.id(),
        config.name(),
        config.version(),
        config.description(),
        config.createdAt().getEpochSecond(),
        config.preset(),
        config.adapter(),
        AdapterConfigs.resolved(config));
  }
}
