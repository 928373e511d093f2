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
 * @param maxLoadedModels the maximum number of base models in memory, each in its own process
 * @param maxWaiting the maximum number of chats that wait for a busy base model; further ones are
 *     refused with 503
 * @param maxPerDepartment the maximum number of concurrent chats of one department with a base
 *     model
 * @param idleUnload how long an unused base model stays loaded
 * @param loadTimeout the longest time for loading a model
 * @param answerTimeout the longest time of an answer; then its process is ended
 * @param cancelTimeout the longest time in which a cancelled answer must end; then its process is
 *     ended
 * @param defaultMaxTokens the maximum number of new tokens if the request has no bound
 * @param heap heap of a child's JVM (weights live outside it), as {@code -Xmx} takes it
 * @param directory where the children find the files of models, by default {@code inference} in the
 *     data directory; for this server only; may be emptied while the server does not run
 * @param keepFiles how long unused files stay in the directory
 * @param runOn which machines answer chats
 * @param workerWait how long a chat waits for a free worker
 * @param besideTraining whether a worker answers chats while it trains
 */
@Validated
@ConfigurationProperties("graft.inference")
record InferenceProperties(
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
  /** Which machines answer chats if no engine does. */
  public enum RunOn {
    /** The server if it is also a worker, else workers. */
    AUTO,
    SERVER,
    WORKERS
  }

  /**
   * {@code graft.inference.engine.*}: an OpenAI-compatible server, such as vLLM or llama.cpp's,
   * that answers in place of processes of this machine.
   *
   * @param url with {@code /v1}; null = no engine
   * @param apiKey sent as a bearer token
   * @param models the engine's name of a model, by Graft's; absent = the same name
   * @param loadAdapters whether to load adapters without a name in {@code models} with vLLM's
   *     {@code /v1/load_lora_adapter}; the engine must see {@code graft.inference.directory} under
   *     the same path
   * @param maxConcurrent the maximum number of concurrent answers of a base model; further ones are
   *     refused with 503
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

    /** Omits the key, which must not appear in logs. */
    @Override
    public String toString() {
      return "EngineProperties[url=%s, models=%s]".formatted(url, models);
    }
  }
}
