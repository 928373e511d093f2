package dev.graft.spec;

import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code resources} of a job: which workers may run it, and for how long. What is null is not asked
 * for.
 *
 * @param device the kind of it
 * @param memory bytes that a run may take of each device, at least; beside what the job is
 *     estimated to need
 * @param capability CUDA compute capability, at least, such as {@code 8.0}; only of {@code cuda}
 * @param devices how many, exactly; null = one
 * @param workerClass that the worker joined with; null = any, and {@link #SEVERAL_CLASS} for more
 *     than one device
 * @param maxRunSeconds that all its runs may take together; then it fails
 * @param noProgressSeconds without a step or another sign of its trainer after which a run is ended
 */
public record Resources(
    @Nullable DeviceKind device,
    @Nullable Long memory,
    @Nullable String capability,
    @Nullable Integer devices,
    @Nullable String workerClass,
    @Nullable Long maxRunSeconds,
    @Nullable Long noProgressSeconds) {
  /** What computes. */
  public enum DeviceKind {
    CPU,
    CUDA;

    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Nothing asked. */
  public static final Resources ANY = new Resources(null, null, null, null, null, null, null);

  /** Class of workers that stand for a Ray cluster. */
  public static final String SEVERAL_CLASS = "ray";

  public static final int MOST_DEVICES = 999;

  private static final long MOST_MEMORY = 1L << 50;
  private static final long A_YEAR = 31_536_000;
  private static final long A_WEEK = 604_800;
  private static final Pattern CAPABILITY = Pattern.compile("([1-9][0-9]?)\\.([0-9])");
  private static final Pattern CLASS = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
  private static final String CAPABILITY_FORM = "must be like \"8.0\"";
  private static final String CLASS_FORM =
      "must be the name of a worker class: 1 to 63 of a-z, 0-9, '.', '_', '-', first a letter or"
          + " digit";

  public Resources {
    if (memory != null && memory < 1) throw new IllegalArgumentException("memory must be positive");
    if (capability != null) capabilityNumber(capability);
    if (capability != null && device != DeviceKind.CUDA) {
      throw new IllegalArgumentException("capability is of cuda devices only");
    }
    if (devices != null && (devices < 1 || devices > MOST_DEVICES)) {
      throw new IllegalArgumentException("devices must be from 1 to " + MOST_DEVICES);
    }
    if (workerClass != null) requireClass(workerClass);
  }

  /**
   * Reads what a request says under {@code resources}; problems are added at their paths.
   *
   * @param node null = nothing was said
   */
  public static Resources read(@Nullable JsonNode node, List<Problem> problems) {
    Fields fields = new Fields(node, "resources", problems);
    DeviceKind device = fields.choice("device", DeviceKind.class);
    Long memory = fields.longInteger("memory", 1, MOST_MEMORY);
    String capability = fields.text("capability", CAPABILITY, CAPABILITY_FORM);
    Integer devices = fields.integer("devices", 1, MOST_DEVICES);
    String workerClass = fields.text("worker_class", CLASS, CLASS_FORM);
    Long maxRun = fields.longInteger("max_run_seconds", 1, A_YEAR);
    Long noProgress = fields.longInteger("no_progress_seconds", 1, A_WEEK);
    fields.refuseUnknown();
    if (capability != null && device == DeviceKind.CPU) {
      fields.refuse("capability", "is of cuda devices, but device is cpu");
      capability = null;
    }
    if (capability != null) device = DeviceKind.CUDA;
    return new Resources(device, memory, capability, devices, workerClass, maxRun, noProgress);
  }

  /**
   * Of what {@link #toJson} wrote.
   *
   * @param json null = nothing was asked for
   */
  public static Resources written(@Nullable String json) {
    return json == null ? ANY : read(JsonMapper.shared().readTree(json), new ArrayList<>());
  }

  /** What {@link #read} reads; null = not asked for. */
  public ObjectNode toJson() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("device", device == null ? null : device.wire())
        .put("memory", memory)
        .put("capability", capability)
        .put("devices", devices)
        .put("worker_class", workerClass)
        .put("max_run_seconds", maxRunSeconds)
        .put("no_progress_seconds", noProgressSeconds);
  }

  /** The same, on a device of that kind. */
  public Resources on(DeviceKind kind) {
    return new Resources(
        kind, memory, capability, devices, workerClass, maxRunSeconds, noProgressSeconds);
  }

  /** How many devices it takes. */
  public int count() {
    return devices == null ? 1 : devices;
  }

  /** The class of worker that takes it; null = any that is not set apart for jobs of its class. */
  public @Nullable String takenBy() {
    if (workerClass != null) return workerClass;
    return count() > 1 ? SEVERAL_CLASS : null;
  }

  /**
   * A compute capability as a number that orders: 80 of {@code 8.0}, 120 of {@code 12.0}.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static int capabilityNumber(String capability) {
    var parts = CAPABILITY.matcher(capability);
    if (!parts.matches()) throw new IllegalArgumentException("capability " + CAPABILITY_FORM);
    return Integer.parseInt(parts.group(1)) * 10 + Integer.parseInt(parts.group(2));
  }

  /**
   * @throws IllegalArgumentException if a worker class cannot have that name
   */
  public static void requireClass(String name) {
    if (!CLASS.matcher(name).matches()) {
      throw new IllegalArgumentException("worker class " + CLASS_FORM);
    }
  }
}
