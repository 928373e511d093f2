package dev.graft.console;

import dev.graft.console.BaseModelsConsoleController.BaseModelView;
import dev.graft.console.DepartmentConsoleController.DepartmentView;
import dev.graft.console.EvaluationsConsoleController.EvaluationView;
import dev.graft.console.FilesConsoleController.DataFileView;
import dev.graft.console.JobsConsoleController.JobView;
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
 * The calls of the public API that the console makes as the signed-in user. A refusal throws {@link
 * ConsoleAdvice.PageRefused}. The proxy class is in another package, so return types must be
 * public.
 */
@HttpExchange("/v1")
interface ConsoleApi {
  /** A page of a list, newest first. */
  record Listed<T>(List<T> data, boolean hasMore, @Nullable String lastId) {
    /** Returns the {@code after} of the next page; null on the last page. */
    public @Nullable String next() {
      return hasMore ? lastId : null;
    }
  }

  /** A base model or a fine-tuned model. */
  record ModelView(String id, @Nullable String baseModel, String task) {
    public boolean tuned() {
      return baseModel != null;
    }

    /** Returns whether it labels texts instead of generating them. */
    public boolean classifies() {
      return task.equals("text-classification");
    }
  }

  /** An adapter configuration or a preset. */
  record AdapterConfigView(String id, String name, int version, boolean preset) {}

  /** OpenAI's answer to a chat. */
  record ChatView(List<ChoiceView> choices, UsedTokensView usage) {
    record ChoiceView(MessageView message, String finishReason) {}

    record MessageView(String content) {}

    record UsedTokensView(long completionTokens) {}
  }

  /** The labels of texts. */
  record LabelsView(String problemType, List<TextLabelView> data) {
    record TextLabelView(
        int index,
        @Nullable String label,
        double score,
        List<String> labels,
        Map<String, Double> probabilities) {}
  }

  /** Rows as the trainer will see them. */
  record RowsView(List<RowView> data) {
    record RowView(
        int line,
        @Nullable String part,
        @Nullable String label,
        boolean cut,
        List<TokenView> tokens) {}

    record TokenView(int id, String text, boolean trained) {}
  }

  /** An alias for a model. */
  record AliasView(String id, String model, long movedAt) {}

  /** An external engine that serves the department's models. */
  record EngineView(
      String id,
      String kind,
      String status,
      @Nullable String error,
      @Nullable Long checkedAt,
      List<EngineModelView> models) {
    record EngineModelView(String name, String model, String status, @Nullable String error) {}
  }

  @GetExchange("/models")
  Listed<ModelView> models();

  @GetExchange("/aliases")
  Listed<AliasView> aliases(@RequestParam int limit);

  @PostExchange("/aliases")
  AliasView createAlias(@RequestBody JsonNode request);

  @PostExchange("/aliases/{alias}")
  AliasView moveAlias(@PathVariable String alias, @RequestBody JsonNode request);

  @PostExchange("/aliases/{alias}/rollback")
  AliasView rollBackAlias(@PathVariable String alias, @RequestBody JsonNode request);

  @GetExchange("/engines")
  Listed<EngineView> engines();

  /** Returns a model or checkpoint. */
  @GetExchange("/models/{id}")
  ModelView model(@PathVariable String id);

  @GetExchange("/adapter_configs")
  Listed<AdapterConfigView> configs(@RequestParam int limit);

  @GetExchange("/fine_tuning/jobs")
  Listed<JobView> jobs(@RequestParam @Nullable String after, @RequestParam int limit);

  @GetExchange("/organization/fine_tuning/jobs")
  Listed<JobView> jobsOfAll(@RequestParam int limit);

  @PostExchange("/fine_tuning/jobs")
  JobView createJob(@RequestBody JsonNode request);

  @PostExchange("/fine_tuning/quotes")
  JobsConsoleController.QuoteView quote(@RequestBody JsonNode request);

  @PostExchange("/fine_tuning/preview")
  RowsView preview(@RequestBody JsonNode request);

  @GetExchange("/fine_tuning/jobs/{id}")
  JobView job(@PathVariable String id);

  /**
   * @param action {@code cancel}, {@code pause}, {@code resume}, {@code approve} or {@code reject}
   */
  @PostExchange("/fine_tuning/jobs/{id}/{action}")
  JobView act(@PathVariable String id, @PathVariable String action);

  @GetExchange("/fine_tuning/jobs/{id}/events")
  Listed<JobView.EventView> events(
      @PathVariable String id, @RequestParam @Nullable String after, @RequestParam int limit);

  @GetExchange("/fine_tuning/jobs/{id}/checkpoints")
  Listed<JobView.CheckpointView> checkpoints(@PathVariable String id, @RequestParam int limit);

  @GetExchange("/files")
  Listed<DataFileView> files(
      @RequestParam @Nullable String purpose,
      @RequestParam @Nullable String after,
      @RequestParam int limit);

  @GetExchange("/files/{id}")
  DataFileView file(@PathVariable String id);

  @PostExchange("/files/imports")
  FileImportView importFile(@RequestBody Map<String, String> request);

  @GetExchange("/files/imports")
  Listed<FileImportView> fileImports(@RequestParam int limit);

  /** An import of a file. */
  record FileImportView(
      String source, String status, @Nullable String fileId, @Nullable String error) {}

  @PostExchange("/files/{id}/convert")
  DataFileView convertFile(@PathVariable String id, @RequestBody Map<String, Boolean> request);

  @PostExchange("/files/{id}/remedies")
  DataFileView remedyFile(@PathVariable String id, @RequestBody Map<String, ?> request);

  @GetExchange("/files/{id}/report")
  DataFileView.ReportView report(
      @PathVariable String id,
      @RequestParam(name = "validation_file") @Nullable String validationFile);

  @DeleteExchange("/files/{id}")
  void deleteFile(@PathVariable String id);

  @GetExchange("/adapters")
  Listed<ModelsConsoleController.AdapterView> adapters(
      @RequestParam @Nullable String name,
      @RequestParam @Nullable String after,
      @RequestParam int limit);

  @GetExchange("/adapters/{id}")
  ModelsConsoleController.AdapterView adapter(@PathVariable String id);

  @GetExchange("/adapters/{id}/lineage")
  ModelsConsoleController.AdapterView.LineageView lineage(@PathVariable String id);

  @DeleteExchange("/adapters/{id}")
  void deleteAdapter(@PathVariable String id);

  @GetExchange("/adapters/{id}/exports")
  Listed<ModelsConsoleController.ExportView> exports(
      @PathVariable String id, @RequestParam int limit);

  @PostExchange("/adapters/{id}/exports")
  ModelsConsoleController.ExportView createExport(
      @PathVariable String id, @RequestBody Map<String, Object> request);

  @DeleteExchange("/adapters/{id}/exports/{export}")
  void deleteExport(@PathVariable String id, @PathVariable String export);

  @PostExchange("/chat/completions")
  ChatView chat(@RequestBody JsonNode request);

  @PostExchange("/classify")
  LabelsView classify(@RequestBody JsonNode request);

  @GetExchange("/evaluations")
  Listed<EvaluationView> evaluations(@RequestParam @Nullable String after, @RequestParam int limit);

  @PostExchange("/evaluations")
  EvaluationView createEvaluation(@RequestBody JsonNode request);

  @GetExchange("/evaluations/{id}")
  EvaluationView evaluation(@PathVariable String id);

  @GetExchange("/evaluations/{id}/samples")
  Listed<EvaluationView.SampleView> samples(
      @PathVariable String id,
      @RequestParam @Nullable String outcome,
      @RequestParam @Nullable String model,
      @RequestParam @Nullable String after,
      @RequestParam int limit);

  @PostExchange("/evaluations/{id}/cancel")
  EvaluationView cancelEvaluation(@PathVariable String id);

  @DeleteExchange("/evaluations/{id}")
  void deleteEvaluation(@PathVariable String id);

  @GetExchange("/organization/projects")
  Listed<DepartmentView> departments(@RequestParam @Nullable String after, @RequestParam int limit);

  @PostExchange("/organization/projects")
  DepartmentView createDepartment(@RequestBody Map<String, String> named);

  @GetExchange("/organization/projects/{id}")
  DepartmentView department(@PathVariable String id);

  @GetExchange("/organization/projects/{id}/limits")
  DepartmentView.LimitsView limits(@PathVariable String id);

  @GetExchange("/organization/projects/{id}/rate_limits")
  Listed<DepartmentView.RateLimitView> rateLimits(@PathVariable String id);

  @GetExchange("/organization/projects/{id}/usage/fine_tuning")
  DepartmentView.UsageView usage(
      @PathVariable String id,
      @RequestParam(name = "start_time") long startTime,
      @RequestParam int limit);

  @GetExchange("/organization/projects/{id}/api_keys")
  Listed<DepartmentView.KeyView> keys(@PathVariable String id, @RequestParam int limit);

  @PostExchange("/organization/projects/{id}/service_accounts")
  DepartmentView.AccountView createAccount(
      @PathVariable String id, @RequestBody Map<String, String> named);

  @DeleteExchange("/organization/projects/{id}/api_keys/{key}")
  void deleteKey(@PathVariable String id, @PathVariable String key);

  @GetExchange("/base_models")
  Listed<BaseModelView> baseModels(@RequestParam int limit);

  @PostExchange("/base_models")
  BaseModelView.ImportView addBaseModel(@RequestBody Map<String, String> request);

  @GetExchange("/base_model_imports")
  Listed<BaseModelView.ImportView> imports(@RequestParam int limit);

  @PostExchange("/base_model_imports/{id}/cancel")
  BaseModelView.ImportView cancelImport(@PathVariable String id);

  @GetExchange("/base_model_suggestions")
  Listed<BaseModelView.SuggestionView> suggestions();
}
