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
 * What is said of a setting that there is not: which one was likely meant, and where all are
 * listed. A name of other programs is known by {@link #OTHERS}, one that is spelled wrongly by its
 * likeness to the settings of the same object, one of another object by its place.
 */
final class UnknownSetting {
  /** The page that lists every setting. */
  public static final String PAGE = "docs/settings.md";

  private static final String UNKNOWN = "unknown setting";
  private static final String MULTIPLIER = "learning_rate_multiplier";
  private static final String LOGGED = "every step is logged in the job's events and metrics";
  private static final String KEPT = "results and checkpoints are kept by the server";
  private static final String WORKERS = "the worker decides it";

  /** Of other programs: what it is called here, by the place where it is asked for. */
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

  /** Of other programs: why there is no such thing here. */
  private static final Map<String, String> NOT_HERE =
      Map.ofEntries(
          Map.entry("logging_steps", LOGGED),
          Map.entry("logging_strategy", LOGGED),
          Map.entry("report_to", LOGGED),
          Map.entry("output_dir", KEPT),
          Map.entry("run_name", KEPT + "; suffix names the model"),
          Map.entry("save_total_limit", KEPT + " as long as the department keeps them"),
          Map.entry("push_to_hub", KEPT),
          Map.entry("resume_from_checkpoint", "a job that was stopped goes on by itself"),
          Map.entry("per_device_eval_batch_size", WORKERS),
          Map.entry("dataloader_num_workers", WORKERS),
          Map.entry("deepspeed", WORKERS),
          Map.entry("fsdp", WORKERS),
          Map.entry("torch_compile", WORKERS));

  private UnknownSetting() {}

  /**
   * @param key that was given
   * @param here keys that the object may have
   */
  static String among(String key, Collection<String> here) {
    for (String meant : OTHERS.getOrDefault(key, List.of())) {
      if (here.contains(meant)) return meant(meant);
    }
    String likely = Nearest.likely(key, here);
    if (likely != null) return meant(likely);
    String why = NOT_HERE.get(key);
    return why == null ? plain() : "%s: leave it out, %s. %s".formatted(UNKNOWN, why, all());
  }

  /**
   * As {@link #among}, with the settings of all objects.
   *
   * @param elsewhere paths of settings by their names
   */
  public static String anywhere(
      String key, Collection<String> here, Map<String, ? extends Collection<String>> elsewhere) {
    String message = among(key, here);
    if (!message.equals(plain())) return message;
    String found = place(key, elsewhere);
    return found == null ? message : meant(found);
  }

  /** The same message, or a better one where the setting is one of another object. */
  public static String elsewhere(
      String key, String message, Map<String, ? extends Collection<String>> elsewhere) {
    return message.equals(plain()) ? anywhere(key, List.of(), elsewhere) : message;
  }

  /** The same message; of a setting that only others have, such as another method, saying so. */
  public static String ofAnother(String message) {
    return message.equals(plain()) ? "not a setting of this method or type. " + all() : message;
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
    String said =
        name.equals(MULTIPLIER)
            ? MULTIPLIER + " (times the method's rate) or adapter.training.learning_rate"
            : name;
    return "%s; did you mean %s? %s".formatted(UNKNOWN, said, all());
  }

  private static String plain() {
    return UNKNOWN + ". " + all();
  }

  private static String all() {
    return "All settings: " + PAGE;
  }

  /** Where in a request each setting is, so that one in a wrong place is told its right one. */
  static final class SettingPlaces {
    private static final SortedMap<String, SortedSet<String>> PLACES = new TreeMap<>();

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

    private SettingPlaces() {}

    /** Paths of each name, from the root of a request. */
    static Map<String, ? extends Collection<String>> all() {
      return PLACES;
    }

    /**
     * The same problem; of an unknown setting that there is in another place, with that place. One
     * that is in its place is another method's.
     */
    static Problem told(Problem problem) {
      String key = problem.path().substring(problem.path().lastIndexOf('.') + 1);
      if (PLACES.containsKey(key) && PLACES.get(key).contains(problem.path())) {
        return new Problem(problem.path(), UnknownSetting.ofAnother(problem.message()));
      }
      return new Problem(problem.path(), UnknownSetting.elsewhere(key, problem.message(), PLACES));
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
      PLACES.computeIfAbsent(name, any -> new TreeSet<>()).add(place);
    }
  }
}
