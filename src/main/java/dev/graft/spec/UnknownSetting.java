package dev.graft.spec;

import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The message for an unknown setting: which one was likely meant, and where all are listed. {@link
 * #OTHERS} has the names of other programs, {@link Nearest} finds misspelled settings of the same
 * object, and {@link Places} finds settings of other objects.
 */
final class UnknownSetting {
  /** The page that lists every setting. */
  static final String PAGE = "docs/settings.md";

  private static final String UNKNOWN = "unknown setting";
  private static final String MULTIPLIER = "learning_rate_multiplier";
  private static final String LOGGED = "every step is logged in the job's events and metrics";
  private static final String KEPT = "the server keeps results and checkpoints";
  private static final String WORKERS = "the worker chooses it";

  /**
   * Names of other programs with their names here, of which the first that the object has counts.
   */
  private static final Map<String, List<String>> OTHERS =
      Map.ofEntries(
          Map.entry("lr", List.of("learning_rate", MULTIPLIER)),
          Map.entry("learning_rate", List.of(MULTIPLIER)),
          Map.entry(MULTIPLIER, List.of("learning_rate")),
          Map.entry("epochs", List.of("num_train_epochs", "n_epochs")),
          Map.entry("num_epochs", List.of("num_train_epochs", "n_epochs")),
          Map.entry("n_epochs", List.of("num_train_epochs")),
          Map.entry("num_train_epochs", List.of("n_epochs")),
          Map.entry("batch_size", List.of("per_device_train_batch_size")),
          Map.entry("train_batch_size", List.of("per_device_train_batch_size", "batch_size")),
          Map.entry("micro_batch_size", List.of("per_device_train_batch_size", "batch_size")),
          Map.entry("per_device_train_batch_size", List.of("batch_size")),
          Map.entry("max_seq_length", List.of("max_length")),
          Map.entry("max_seq_len", List.of("max_length")),
          Map.entry("sequence_len", List.of("max_length")),
          Map.entry("cutoff_len", List.of("max_length")),
          Map.entry("sample_packing", List.of("packing")),
          Map.entry("rank", List.of("r", "lora_r")),
          Map.entry("lora_rank", List.of("r", "lora_r")),
          Map.entry("lora_r", List.of("r")),
          Map.entry("r", List.of("lora_r")),
          Map.entry("alpha", List.of("lora_alpha")),
          Map.entry("dropout", List.of("lora_dropout", "vera_dropout")),
          Map.entry("lora_target", List.of("target_modules", "lora_trainable_modules")),
          Map.entry("lora_target_modules", List.of("target_modules", "lora_trainable_modules")),
          Map.entry("scheduler", List.of("lr_scheduler_type")),
          Map.entry("lr_scheduler", List.of("lr_scheduler_type")),
          Map.entry("warmup", List.of("warmup_ratio")),
          Map.entry("gradient_clipping", List.of("max_grad_norm")),
          Map.entry("loss_watchdog_threshold", List.of("loss_spike_guard")),
          Map.entry("skip_nan_grad", List.of("skip_nonfinite_steps")),
          Map.entry("group_by_length", List.of("train_sampling_strategy")),
          Map.entry("save_strategy", List.of("save_steps")),
          Map.entry("eval_strategy", List.of("eval_steps")),
          Map.entry("evaluation_strategy", List.of("eval_steps")),
          Map.entry("val_set_size", List.of("held_out")),
          Map.entry("val_size", List.of("held_out")),
          Map.entry("validation_split", List.of("held_out")),
          Map.entry("train_on_inputs", List.of("assistant_only_loss")));

  /** Names of other programs with the reason why Graft does not have the setting. */
  private static final Map<String, String> NOT_HERE =
      Map.ofEntries(
          Map.entry("logging_steps", LOGGED),
          Map.entry("logging_strategy", LOGGED),
          Map.entry("report_to", LOGGED),
          Map.entry("output_dir", KEPT),
          Map.entry("run_name", KEPT + "; set suffix to name the model"),
          Map.entry("save_total_limit", KEPT + " until the department deletes them"),
          Map.entry("push_to_hub", KEPT),
          Map.entry("resume_from_checkpoint", "an interrupted job resumes by itself"),
          Map.entry("per_device_eval_batch_size", WORKERS),
          Map.entry("dataloader_num_workers", WORKERS),
          Map.entry("deepspeed", WORKERS),
          Map.entry("fsdp", WORKERS),
          Map.entry("torch_compile", WORKERS));

  private UnknownSetting() {}

  /**
   * @param key the unknown key
   * @param here the valid keys of the object
   */
  static String among(String key, Collection<String> here) {
    for (String meant : OTHERS.getOrDefault(key, List.of())) {
      if (here.contains(meant)) return meant(meant);
    }
    String likely = Nearest.likely(key, here);
    if (likely != null) return meant(likely);
    String why = NOT_HERE.get(key);
    return why == null ? plain() : "%s: leave it out; %s. %s".formatted(UNKNOWN, why, all());
  }

  /**
   * Like {@link #among}, but also searches the settings of all objects.
   *
   * @param elsewhere paths of settings by their names
   */
  static String anywhere(
      String key, Collection<String> here, Map<String, ? extends Collection<String>> elsewhere) {
    String message = among(key, here);
    if (!message.equals(plain())) return message;
    String found = place(key, elsewhere);
    return found == null ? message : meant(found);
  }

  private static @Nullable String place(
      String key, Map<String, ? extends Collection<String>> elsewhere) {
    List<String> names = new ArrayList<>();
    names.add(key);
    names.addAll(OTHERS.getOrDefault(key, List.of()));
    String likely = Nearest.likely(key, elsewhere.keySet());
    if (likely != null) names.add(likely);
    for (String name : names) {
      Collection<String> places = elsewhere.get(name);
      if (places != null && !places.isEmpty()) return String.join(" or ", places);
    }
    return null;
  }

  private static String meant(String name) {
    String setting =
        name.equals(MULTIPLIER)
            ? MULTIPLIER + " (times the method's default rate) or adapter.training.learning_rate"
            : name;
    return "%s; did you mean %s? %s".formatted(UNKNOWN, setting, all());
  }

  private static String plain() {
    return UNKNOWN + ". " + all();
  }

  private static String all() {
    return "All settings: " + PAGE;
  }

  /** The paths of every setting in a request, to suggest the right one. */
  static final class Places {
    /** Paths by name, from the root of a request. */
    static final SortedMap<String, SortedSet<String>> PATHS = new TreeMap<>();

    static {
      add("seed", "seed");
      JsonNode adapter = AdapterSchema.json().at("/anyOf/2/properties");
      for (String key : adapter.propertyNames()) {
        if (adapter.get(key).has("properties") || adapter.get(key).has("anyOf")) {
          addAll("adapter." + key, adapter.get(key));
        } else {
          add(key, "adapter." + key);
        }
      }
    }

    private Places() {}

    /**
     * Improves the message of an unknown setting that exists at another path, or at this path for
     * another method.
     */
    static Problem improve(Problem problem) {
      if (!problem.message().equals(plain())) return problem;
      String path = problem.path();
      String key = path.substring(path.lastIndexOf('.') + 1);
      boolean ofAnother = PATHS.containsKey(key) && PATHS.get(key).contains(path);
      return new Problem(
          path,
          ofAnother
              ? "not a setting of this method or type. " + all()
              : anywhere(key, List.of(), PATHS));
    }

    private static void addAll(String place, JsonNode schema) {
      for (JsonNode choice : schema.path("anyOf")) addAll(place, choice);
      JsonNode settings = schema.path("properties");
      for (String key : settings.propertyNames()) {
        add(key, place + "." + key);
        addAll(place + "." + key, settings.get(key));
      }
    }

    private static void add(String name, String place) {
      PATHS.computeIfAbsent(name, any -> new TreeSet<>()).add(place);
    }
  }
}
