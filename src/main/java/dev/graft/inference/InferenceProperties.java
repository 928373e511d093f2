package dev.graft.inference;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * {@code graft.inference.*}.
 *
 * @param maxLoadedModels base models kept in memory at once, each in its own process
 * @param maxWaiting chats that may wait for a busy base model; one more is refused with 503
 * @param maxPerDepartment chats that one department may have with a base model at a time
 * @param idleUnload a base model that nobody asked for this long is unloaded
 * @param loadTimeout a model that is not ready by then is given up
 * @param answerTimeout an answer that is not there by then is given up and its process ended
 * @param cancelTimeout a cancelled answer that does not end by then costs its process
 * @param defaultMaxTokens new tokens where the caller names no bound
 * @param heap heap of a child's JVM (weights live outside it), as {@code -Xmx} takes it
 * @param directory where the files of models are laid out for the children, by default {@code
 *     inference} in the data directory; of this server alone, may be emptied while it does not run
 * @param keepFiles files that nobody asked for this long are removed from the directory
 * @param runOn which machines answer chats
 * @param workerWait how long a chat waits for a worker that is free
 * @param besideTraining whether a worker answers chats while it trains
 */
@Validated
@ConfigurationProperties("graft.inference")
public record InferenceProperties(
    @DefaultValue("2") @Min(1) @Max(64) int maxLoadedModels,
    @DefaultValue("16") @Min(0) @Max(10_000) int maxWaiting,
    @DefaultValue("8") @Min(1) @Max(10_000) int maxPerDepartment,
    @DefaultValue("10m") Duration idleUnload,
    @DefaultValue("3m") Duration loadTimeout,
    @DefaultValue("5m") Duration answerTimeout,
    @DefaultValue("10s") Duration cancelTimeout,
    @DefaultValue("512") @Min(1) int defaultMaxTokens,
    @DefaultValue("512m") String heap,
    @Nullable Path directory,
    @DefaultValue("1d") Duration keepFiles,
    @DefaultValue("auto") RunOn runOn,
    @DefaultValue("20s") Duration workerWait,
    @DefaultValue("false") boolean besideTraining) {
  /** Which machines answer chats, where no engine does. */
  public enum RunOn {
    /** The server if it is a worker too, else workers. */
    AUTO,
    SERVER,
    WORKERS
  }

  /**
   * {@code graft.inference.engine.*}: an OpenAI-compatible server that answers instead of processes
   * of this machine, such as vLLM or llama.cpp's.
   *
   * @param url with {@code /v1}; null = there is none
   * @param apiKey sent as a bearer token
   * @param models the engine's name of a model, by Graft's; absent = the same name
   * @param loadAdapters vLLM's {@code /v1/load_lora_adapter} is called for adapters without a name
   *     in {@code models}; the engine must see {@code graft.inference.directory} under the same
   *     path
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
}
