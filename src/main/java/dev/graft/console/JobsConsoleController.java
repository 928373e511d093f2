package dev.graft.console;

import dev.graft.console.ConsoleAdvice.PageRefused;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseBody;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/** The department's jobs. */
@Controller
@RequestMapping("/console/jobs")
class JobsConsoleController {
  private static final int PAGE = 20;
  private static final int NEWEST_EVENTS = 30;
  private static final int CHECKPOINTS = 100;
  private static final Set<String> ACTIONS =
      Set.of("cancel", "pause", "resume", "approve", "reject");

  private final ConsoleApi api;

  JobsConsoleController(ConsoleApi api) {
    this.api = api;
  }

  /** Renders the page, or only its rows for a refresh. */
  @GetMapping
  String list(
      @RequestParam @Nullable String after, @RequestParam @Nullable String part, Model model) {
    model.addAttribute("jobs", api.jobs(after, PAGE));
    model.addAttribute("after", after);
    return part == null ? "jobs" : "jobs :: rows";
  }

  @GetMapping("/{id}")
  String job(@PathVariable String id, @RequestParam @Nullable String part, Model model) {
    model.addAttribute("job", api.job(id));
    model.addAttribute("events", api.events(id, null, NEWEST_EVENTS));
    model.addAttribute("checkpoints", api.checkpoints(id, CHECKPOINTS));
    return part == null ? "job" : "job :: live";
  }

  /** Returns the metrics of the steps from {@code from} on. */
  @GetMapping("/{id}/curve")
  @ResponseBody
  Curve curve(@PathVariable String id, @RequestParam(defaultValue = "0") long from) {
    return Curve.read(api, id, from);
  }

  @PostMapping("/{id}/{action}")
  String act(@PathVariable String id, @PathVariable String action) {
    if (!ACTIONS.contains(action)) throw PageRefused.notFound("action " + action);
    api.act(id, action);
    return "redirect:/console/jobs/" + id;
  }

  /** A job of the API; times are in unix seconds. */
  record JobView(
      String id,
      long createdAt,
      @Nullable Long finishedAt,
      @Nullable Long estimatedFinish,
      String model,
      String baseModel,
      @Nullable String parentModel,
      @Nullable String fineTunedModel,
      String status,
      @Nullable String subStatus,
      String reason,
      String nextStep,
      String trainingFile,
      @Nullable String trainingFileName,
      @Nullable String validationFile,
      @Nullable String validationFileName,
      @Nullable String submittedBy,
      List<String> resultFiles,
      @Nullable String userProvidedSuffix,
      long seed,
      ResourcesView resources,
      @Nullable String worker,
      JsonNode adapter,
      ProgressView progress,
      @Nullable QueueView queue,
      UsageView usage,
      @Nullable ProblemView error,
      @Nullable FailureView failure,
      @Nullable ProjectView project) {

    private static final Set<String> ENDED = Set.of("succeeded", "failed", "cancelled");

    /** The job's department, in lists of all departments. */
    public record ProjectView(String id, String name) {}

    public record ProgressView(
        long step,
        @Nullable Long totalSteps,
        @Nullable Double epoch,
        @Nullable Double tokensPerSecond) {}

    /** The requested resources; null = not requested. */
    public record ResourcesView(
        @Nullable String device,
        @Nullable Long memory,
        @Nullable String capability,
        @Nullable Integer devices,
        @Nullable String workerClass) {}

    public record QueueView(int position, String aheadReason) {}

    public record UsageView(long trainedTokens, double deviceSeconds) {}

    public record ProblemView(String code, String message) {}

    public record FailureView(@Nullable String hint) {}

    /**
     * @param data the metrics of a step by name, if the event's type is {@code metrics}
     */
    public record EventView(
        String id,
        long createdAt,
        String level,
        String message,
        String type,
        @Nullable Map<String, @Nullable Double> data) {}

    public record CheckpointView(
        String id,
        long createdAt,
        String fineTunedModelCheckpoint,
        long stepNumber,
        Map<String, Double> metrics) {}

    public boolean ended() {
      return ENDED.contains(status);
    }

    public boolean mayPause() {
      return status.equals("running") || status.equals("queued");
    }

    /** Returns the percentage of completed steps. */
    public int percent() {
      if (status.equals("succeeded")) return 100;
      Long total = progress.totalSteps();
      return total == null || total == 0 ? 0 : (int) (100 * progress.step() / total);
    }

    /** Returns the suffix that the user chose, else the id. */
    public String title() {
      return userProvidedSuffix == null ? id : userProvidedSuffix;
    }

    /** Returns PEFT's name of the method, else Graft's. */
    public String method() {
      String peft = adapter.at("/peft/peft_type").asString("");
      return peft.isEmpty() ? adapter.at("/method/type").asString("") : peft;
    }
  }

  /**
   * The metrics of a job by step.
   *
   * @param points the metrics by step and name
   * @param more whether the job is still running, so that more may follow
   */
  record Curve(SortedMap<Long, Map<String, @Nullable Double>> points, boolean more) {
    private static final int PAGE = 100;

    /** The number of pages to read; enough for a curve as wide as a screen. */
    private static final int MOST_PAGES = 60;

    /**
     * @param from the first step that the caller does not know yet
     */
    static Curve read(ConsoleApi api, String job, long from) {
      SortedMap<Long, Map<String, @Nullable Double>> points = new TreeMap<>();
      boolean more = !api.job(job).ended();
      String after = null;
      for (int page = 0; page < MOST_PAGES; page++) {
        ConsoleApi.Listed<JobsConsoleController.JobView.EventView> events =
            api.events(job, after, PAGE);
        boolean known = false;
        for (JobsConsoleController.JobView.EventView event : events.data()) {
          Map<String, @Nullable Double> data = event.data();
          Double step = data == null ? null : data.get("step");
          if (data == null || step == null) continue;
          known |= step < from;
          // A step with a validation has two events, whose metrics are combined.
          if (step >= from) {
            Map<String, @Nullable Double> point =
                points.computeIfAbsent(step.longValue(), made -> new TreeMap<>());
            data.forEach(point::putIfAbsent);
          }
        }
        after = events.next();
        if (known || after == null) break;
      }
      return new Curve(points, more);
    }
  }

  /** The estimate for a job. */
  record QuoteView(
      DataView data,
      MemoryView memory,
      QueueView queue,
      RunView run,
      boolean approval,
      List<String> warnings) {
    public record DataView(
        long rows,
        long truncatedRows,
        long droppedRows,
        long tokensPerEpoch,
        long trainedTokensPerEpoch,
        double epochs,
        long totalSteps) {}

    public record MemoryView(@Nullable Long bytes, @Nullable Long largestDeviceBytes) {}

    public record QueueView(@Nullable Long position, String aheadReason) {}

    public record RunView(@Nullable Double tokensPerSecond, @Nullable Double seconds) {}
  }

  /** The form for a new job, with its quote and preview. */
  @Controller
  @RequestMapping("/console/new-job")
  static class NewJobConsoleController {
    private final ConsoleApi api;
    private final Choices choices;

    NewJobConsoleController(ConsoleApi api, Choices choices) {
      this.api = api;
      this.choices = choices;
    }

    @GetMapping
    String form(
        @RequestParam @Nullable String model, @RequestParam @Nullable String file, Model page) {
      page.addAttribute("models", choices.models(model));
      page.addAttribute("files", choices.files(file));
      page.addAttribute("configs", api.configs(Choices.NEWEST).data());
      page.addAttribute("model", model);
      page.addAttribute("file", file);
      return "new-job";
    }

    @PostMapping("/quote")
    String quote(@ModelAttribute NewJobForm form, Model page) {
      page.addAttribute("quote", api.quote(form.request()));
      return "quote";
    }

    @PostMapping("/preview")
    String preview(@ModelAttribute NewJobForm form, Model page) {
      page.addAttribute("preview", api.preview(form.request().put("rows", NewJobForm.SHOWN_ROWS)));
      return "preview";
    }

    /**
     * Creates the job and redirects to it; a refusal is shown beside the form, which keeps its
     * input.
     */
    @PostMapping
    void create(@ModelAttribute NewJobForm form, HttpServletResponse response) {
      response.setHeader("hx-redirect", "/console/jobs/" + api.createJob(form.request()).id());
      response.setStatus(HttpServletResponse.SC_NO_CONTENT);
    }
  }

  /**
   * The submitted form. Empty fields are omitted; the API validates the request.
   *
   * @param config the name of a preset, the id of a configuration, or {@link #OWN}
   * @param settings the {@code adapter} as JSON, if config is {@link #OWN}
   * @param memory the memory of each device, in GB
   * @param objective {@code supervised}, or another objective of an {@code adapter}
   */
  record NewJobForm(
      String model,
      String trainingFile,
      @Nullable String validationFile,
      @Nullable String config,
      @Nullable String settings,
      @Nullable String objective,
      @Nullable String suffix,
      @Nullable String seed,
      @Nullable String epochs,
      @Nullable String batchSize,
      @Nullable String learningRateMultiplier,
      @Nullable String device,
      @Nullable String memory,
      @Nullable String capability,
      @Nullable String devices,
      @Nullable String workerClass) {

    /** Parses like the API, which refuses duplicate keys. */
    private static final JsonMapper STRICT =
        JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final String SUPERVISED = "supervised";
    private static final Set<String> PAIRS = Set.of("dpo", "orpo");

    static final String OWN = "own";
    static final int SHOWN_ROWS = 3;

    /** Returns the body of {@code POST /v1/fine_tuning/jobs}. */
    ObjectNode request() {
      ObjectNode request = JsonMapper.shared().createObjectNode();
      request.put("model", model).put("training_file", trainingFile);
      if (given(validationFile)) request.put("validation_file", validationFile);
      if (given(suffix)) request.put("suffix", suffix);
      if (given(seed)) request.set("seed", json("seed", seed));
      ObjectNode resources = resources();
      if (!resources.isEmpty()) request.set("resources", resources);
      String chosen = objective == null || objective.isBlank() ? SUPERVISED : objective;
      JsonNode adapter = adapter(chosen);
      if (!adapter.isNull()) request.set("adapter", adapter);
      String type = PAIRS.contains(chosen) ? "dpo" : SUPERVISED;
      ObjectNode numbers = JsonMapper.shared().createObjectNode();
      if (given(epochs)) numbers.set("n_epochs", json("n_epochs", epochs));
      if (given(batchSize)) numbers.set("batch_size", json("batch_size", batchSize));
      if (given(learningRateMultiplier)) {
        numbers.set(
            "learning_rate_multiplier", json("learning_rate_multiplier", learningRateMultiplier));
      }
      ObjectNode method = request.putObject("method").put("type", type);
      if (!numbers.isEmpty()) method.putObject(type).set("hyperparameters", numbers);
      return request;
    }

    private ObjectNode resources() {
      ObjectNode asked = JsonMapper.shared().createObjectNode();
      if (given(device)) asked.put("device", device);
      if (given(memory)) {
        JsonNode gigabytes = json("memory", memory);
        if (!gigabytes.isNumber()) throw refused("memory", "must be a number of GB");
        asked.put("memory", Math.round(gigabytes.doubleValue() * 1e9));
      }
      if (capability != null && given(capability)) asked.put("capability", capability.strip());
      if (given(devices)) asked.set("devices", json("devices", devices));
      if (workerClass != null && given(workerClass)) asked.put("worker_class", workerClass.strip());
      return asked;
    }

    /**
     * Returns the {@code adapter}, with the objective if OpenAI has no {@code method.type} for it.
     */
    private JsonNode adapter(String chosen) {
      boolean typed = chosen.equals(SUPERVISED) || chosen.equals("dpo");
      if (OWN.equals(config)) {
        JsonNode own = json("adapter", settings);
        if (typed || !(own instanceof ObjectNode object) || object.has("objective")) return own;
        return object.put("objective", chosen);
      }
      if (typed) return given(config) ? StringNode.valueOf(config) : NullNode.getInstance();
      ObjectNode named = JsonMapper.shared().createObjectNode();
      if (given(config)) named.put("config", config);
      return named.put("objective", chosen);
    }

    private static boolean given(@Nullable String text) {
      return text != null && !text.isBlank();
    }

    private static JsonNode json(String field, @Nullable String text) {
      if (!given(text)) throw refused(field, "is empty");
      try {
        return STRICT.readTree(text);
      } catch (JacksonException e) {
        throw refused(field, "is not JSON: " + e.getOriginalMessage());
      }
    }

    private static PageRefused refused(String field, String message) {
      return new PageRefused(
          400, field + " " + message, List.of(new PageRefused.Detail(field, message)), null);
    }
  }
}
