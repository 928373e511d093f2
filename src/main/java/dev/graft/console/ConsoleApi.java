package dev.graft.console;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.service.annotation.DeleteExchange;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import tools.jackson.databind.JsonNode;

/**
 * What the console asks of the public API, as whoever is signed in. Every refusal is a {@link
 * Refused}.
 */
@HttpExchange("/v1")
interface ConsoleApi {
  /** A page of a list, newest first. */
  record Listed<T>(List<T> data, boolean hasMore, @Nullable String lastId) {
    /** What to send as {@code after} for the next page; null on the last. */
    public @Nullable String next() {
      return hasMore ? lastId : null;
    }
  }

  /** Something that a chat can be with: a base model, or what was made of one. */
  record Model(String id, @Nullable String baseModel) {
    public boolean tuned() {
      return baseModel != null;
    }
  }

  /** An adapter configuration or a preset. */
  record Config(
      String id, String name, int version, @Nullable String description, boolean preset) {}

  @GetExchange("/models")
  Listed<Model> models();

  /** Also of a checkpoint. */
  @GetExchange("/models/{id}")
  Model model(@PathVariable String id);

  @GetExchange("/adapter_configs")
  Listed<Config> configs(@RequestParam int limit);

  @GetExchange("/fine_tuning/jobs")
  Listed<Job> jobs(@RequestParam @Nullable String after, @RequestParam int limit);

  @PostExchange("/fine_tuning/jobs")
  Job createJob(@RequestBody JsonNode request);

  @PostExchange("/fine_tuning/quotes")
  JobQuote quote(@RequestBody JsonNode request);

  @PostExchange("/fine_tuning/preview")
  RowPreview preview(@RequestBody JsonNode request);

  @GetExchange("/fine_tuning/jobs/{id}")
  Job job(@PathVariable String id);

  /**
   * @param action {@code cancel}, {@code pause}, {@code resume}, {@code approve} or {@code reject}
   */
  @PostExchange("/fine_tuning/jobs/{id}/{action}")
  Job act(@PathVariable String id, @PathVariable String action);

  @GetExchange("/fine_tuning/jobs/{id}/events")
  Listed<Job.Event> events(
      @PathVariable String id, @RequestParam @Nullable String after, @RequestParam int limit);

  @GetExchange("/fine_tuning/jobs/{id}/checkpoints")
  Listed<Job.Checkpoint> checkpoints(@PathVariable String id, @RequestParam int limit);

  @GetExchange("/files")
  Listed<DataFile> files(
      @RequestParam @Nullable String purpose,
      @RequestParam @Nullable String after,
      @RequestParam int limit);

  @GetExchange("/files/{id}")
  DataFile file(@PathVariable String id);

  @GetExchange("/files/{id}/report")
  DataFile.Report report(
      @PathVariable String id,
      @RequestParam(name = "validation_file") @Nullable String validationFile);

  @DeleteExchange("/files/{id}")
  void deleteFile(@PathVariable String id);

  @GetExchange("/adapters")
  Listed<Adapter> adapters(
      @RequestParam @Nullable String name,
      @RequestParam @Nullable String after,
      @RequestParam int limit);

  @GetExchange("/adapters/{id}")
  Adapter adapter(@PathVariable String id);

  @GetExchange("/adapters/{id}/lineage")
  Adapter.Lineage lineage(@PathVariable String id);

  @DeleteExchange("/adapters/{id}")
  void deleteAdapter(@PathVariable String id);

  @PostExchange("/chat/completions")
  Chat chat(@RequestBody JsonNode request);

  @GetExchange("/evaluations")
  Listed<Evaluation> evaluations(@RequestParam @Nullable String after, @RequestParam int limit);

  @PostExchange("/evaluations")
  Evaluation createEvaluation(@RequestBody JsonNode request);

  @GetExchange("/evaluations/{id}")
  Evaluation evaluation(@PathVariable String id);

  @GetExchange("/evaluations/{id}/samples")
  Listed<Evaluation.Sample> samples(
      @PathVariable String id,
      @RequestParam @Nullable String outcome,
      @RequestParam @Nullable String model,
      @RequestParam @Nullable String after,
      @RequestParam int limit);

  @PostExchange("/evaluations/{id}/cancel")
  Evaluation cancelEvaluation(@PathVariable String id);

  @DeleteExchange("/evaluations/{id}")
  void deleteEvaluation(@PathVariable String id);

  @GetExchange("/organization/projects")
  Listed<Department> departments(@RequestParam @Nullable String after, @RequestParam int limit);

  @PostExchange("/organization/projects")
  Department createDepartment(@RequestBody Map<String, String> named);

  @GetExchange("/organization/projects/{id}")
  Department department(@PathVariable String id);

  @GetExchange("/organization/projects/{id}/limits")
  Department.Limits limits(@PathVariable String id);

  @GetExchange("/organization/projects/{id}/usage/fine_tuning")
  Department.Usage usage(
      @PathVariable String id,
      @RequestParam(name = "start_time") long startTime,
      @RequestParam int limit);

  @GetExchange("/organization/projects/{id}/api_keys")
  Listed<Department.Key> keys(@PathVariable String id, @RequestParam int limit);

  @PostExchange("/organization/projects/{id}/service_accounts")
  Department.Account createAccount(@PathVariable String id, @RequestBody Map<String, String> named);

  @DeleteExchange("/organization/projects/{id}/api_keys/{key}")
  void deleteKey(@PathVariable String id, @PathVariable String key);

  @GetExchange("/base_models")
  Listed<BaseModel> baseModels(@RequestParam int limit);

  /** As administrators see it. */
  record BaseModel(
      String id,
      String family,
      long parameters,
      int contextLength,
      long bytes,
      @Nullable String license,
      boolean enabled) {}
}
