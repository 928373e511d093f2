package dev.graft.inference;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * {@code graft.inference.engine.*}: an OpenAI-compatible server that answers instead of processes
 * of this machine, such as vLLM or llama.cpp's.
 *
 * @param url with {@code /v1}; null = there is none
 * @param apiKey sent as a bearer token
 * @param models the engine's name of a model, by Graft's; absent = the same name
 * @param loadAdapters vLLM's {@code /v1/load_lora_adapter} is called for adapters without a name in
 *     {@code models}; the engine must see {@code graft.inference.directory} under the same path
 * @param maxConcurrent answers of a base model at a time; one more is refused with 503
 */
@Validated
@ConfigurationProperties("graft.inference.engine")
record EngineProperties(
    @Nullable URI url,
    @Nullable String apiKey,
    @DefaultValue Map<String, String> models,
    @DefaultValue("false") boolean loadAdapters,
    @DefaultValue("16") @Min(1) @Max(10_000) int maxConcurrent) {
  public EngineProperties {
    if (url != null && !("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
      throw new IllegalArgumentException("graft.inference.engine.url must be an http(s) URL");
    }
    models = Map.copyOf(models);
  }

  /** The key is nobody's to read, in a log either. */
  @Override
  public String toString() {
    return "EngineProperties[url=%s, models=%s]".formatted(url, models);
  }
}
