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
 * {@code resources} of a job: which workers may run it, and for how long. Null means no
 * requirement.
 *
 * @param device kind of device
 * @param memory minimum bytes that a run may take of each device, in addition to the job's estimate
 * @param capability minimum CUDA compute capability, such as {@code 8.0}; for {@code cuda} only
 * @param devices exact number of devices; null = one
 * @param workerClass class that the worker joined with; null = any, and {@link #SEVERAL_CLASS} for
 *     more than one device
 * @param maxRunSeconds maximum duration of all runs together, after which the job fails
 * @param noProgressSeconds time without a sign of progress after which a run is ended
 */
public record Resources(
    @Nullable DeviceKind device,
    @Nullable Long memory,
    @Nullable String capability,
    @Nullable Integer devices,
    @Nullable String workerClass,
    @Nullable Long maxRunSeconds,
    @Nullable Long noProgressSeconds) {
  /** Kind of device. */
  public enum DeviceKind {
    CPU,
    CUDA;

    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** No requirements. */
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
      "must be the name of a worker class: 1 to 63 characters of a-z, 0-9, '.', '_' and '-',"
          + " starting with a letter or digit";

  public Resources {
    if (memory != null && memory < 1) throw new IllegalArgumentException("memory must be positive");
    if (capability != null) capabilityNumber(capability);
    if (capability != null && device != DeviceKind.CUDA) {
      throw new IllegalArgumentException("capability applies to cuda devices only");
    }
    if (devices != null && (devices < 1 || devices > MOST_DEVICES)) {
      throw new IllegalArgumentException("devices must be from 1 to " + MOST_DEVICES);
    }
    if (workerClass != null) requireClass(workerClass);
  }

  /**
   * Reads a request's {@code resources} and adds problems at their paths.
   *
   * @param node null = no requirements
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
      fields.refuse("capability", "applies to cuda devices only, but device is cpu");
      capability = null;
    }
    if (capability != null) device = DeviceKind.CUDA;
    return new Resources(device, memory, capability, devices, workerClass, maxRun, noProgress);
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @param json null = no requirements
   */
  public static Resources written(@Nullable String json) {
    return json == null ? ANY : read(JsonMapper.shared().readTree(json), new ArrayList<>());
  }

  /** Returns the fields of a request; null = no requirement. */
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

  /** Returns a copy for a kind of device. */
  public Resources on(DeviceKind kind) {
    return new Resources(
        kind, memory, capability, devices, workerClass, maxRunSeconds, noProgressSeconds);
  }

  /** Returns the number of devices. */
  public int count() {
    return devices == null ? 1 : devices;
  }

  /** Returns the class of the worker; null = any that does not reserve itself for its class. */
  public @Nullable String takenBy() {
    if (workerClass != null) return workerClass;
    return count() > 1 ? SEVERAL_CLASS : null;
  }

  /**
   * Returns a compute capability as a comparable number: 80 for {@code 8.0}, 120 for {@code 12.0}.
   *
   * @throws IllegalArgumentException if the text is not a compute capability
   */
  public static int capabilityNumber(String capability) {
    var parts = CAPABILITY.matcher(capability);
    if (!parts.matches()) throw new IllegalArgumentException("capability " + CAPABILITY_FORM);
    return Integer.parseInt(parts.group(1)) * 10 + Integer.parseInt(parts.group(2));
  }

  /**
   * @throws IllegalArgumentException if the name is not valid for a worker class
   */
  public static void requireClass(String name) {
    if (!CLASS.matcher(name).matches()) {
      throw new IllegalArgumentException("worker class " + CLASS_FORM);
    }
  }
}
