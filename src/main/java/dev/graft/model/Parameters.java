package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.model.DeviceMemory.DeviceTensors;
import dev.graft.model.DeviceMemory.Readout;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tensors that train, their gradients and Adam's moments: four flat vectors with a view for
 * each tensor. Clipping and zeroing are therefore one operation each, and the update is one
 * operation for each group of tensors with equal rate and decay.
 */
final class Parameters {
  /** Alignment in elements, so that no two tensors share a cache line. */
  private static final long ALIGNMENT = 16;

  /** Rows of the two-level norm. */
  private static final long ROW = 1024;

  private record Views(PtNDArray value, PtNDArray gradient, PtNDArray m, PtNDArray v) {}

  private final DeviceMemory memory;
  private final AdamW settings;
  private final List<Slot> slots;
  private final Map<String, Views> views = new LinkedHashMap<>();
  private final Map<String, Long> starts = new LinkedHashMap<>();
  private final PtNDArray value;
  private final PtNDArray gradient;
  private final PtNDArray[] step;
  private final Readout readout;
  private final List<ParameterGroup> groups = new ArrayList<>();
  private long updates;

  /** The settings in which updates of tensors differ. */
  private record Settings(double rate, double decay) {}

  /** Additional gradients in the same layout, with a view of each tensor by name. */
  public record Gradients(PtNDArray flat, Map<String, PtNDArray> byName) {}

  /** Consecutive elements with equal settings, ready as arguments of the fused update. */
  private record ParameterGroup(
      PtNDArray[] value, PtNDArray[] gradient, PtNDArray[] m, PtNDArray[] v, Settings settings) {}

  public Parameters(DeviceMemory memory, AdamW settings, List<Slot> slots) {
    this.memory = memory;
    this.settings = settings;
    this.slots = List.copyOf(slots);
    Map<Settings, List<Slot>> bySettings = new LinkedHashMap<>();
    for (Slot slot : slots) {
      bySettings.computeIfAbsent(settings(slot), key -> new ArrayList<>()).add(slot);
    }
    long end = 0;
    Map<Settings, Long> ends = new LinkedHashMap<>();
    for (Map.Entry<Settings, List<Slot>> each : bySettings.entrySet()) {
      for (Slot slot : each.getValue()) {
        starts.put(slot.name(), end);
        end += roundUp(slot.size(), ALIGNMENT);
      }
      ends.put(each.getKey(), end);
    }
    long total = roundUp(end, ROW);
    value = memory.zeros(total);
    gradient = memory.zeros(total);
    PtNDArray m = memory.zeros(total);
    PtNDArray v = memory.zeros(total);
    readout = new Readout(memory);
    step = new PtNDArray[] {memory.zeros(new long[0])};
    List<List<PtNDArray>> parts = Stream.of(value, gradient, m, v).map(this::parts).toList();
    for (int i = 0; i < slots.size(); i++) {
      views.put(
          slots.get(i).name(),
          new Views(
              parts.get(0).get(i), parts.get(1).get(i), parts.get(2).get(i), parts.get(3).get(i)));
    }
    long start = 0;
    for (Map.Entry<Settings, Long> each : ends.entrySet()) {
      addGroup(m, v, start, each.getValue(), each.getKey());
      start = each.getValue();
    }
  }

  private Settings settings(Slot slot) {
    return new Settings(settings.rate(slot), settings.decays(slot) ? settings.weightDecay() : 0);
  }

  private long start(Slot slot) {
    return Objects.requireNonNull(starts.get(slot.name()));
  }

  /** Returns each slot's part of a vector with the layout of {@link #flatValues}. */
  private List<PtNDArray> parts(PtNDArray flat) {
    LongStream.Builder layout = LongStream.builder();
    for (Slot slot : slots) {
      layout.add(start(slot)).add(slot.shape().length);
      for (long size : slot.shape()) layout.add(size);
    }
    return memory.parts(flat, layout.build().toArray());
  }

  /** Returns a tensor's part of such a vector. */
  PtNDArray part(PtNDArray flat, String name) {
    Slot slot = slots.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    return memory.part(flat, start(slot), slot.shape());
  }

  private void addGroup(PtNDArray m, PtNDArray v, long from, long to, Settings each) {
    groups.add(
        new ParameterGroup(
            new PtNDArray[] {memory.part(value, from, to - from)},
            new PtNDArray[] {memory.part(gradient, from, to - from)},
            new PtNDArray[] {memory.part(m, from, to - from)},
            new PtNDArray[] {memory.part(v, from, to - from)},
            each));
  }

  private static long roundUp(long size, long unit) {
    return (size + unit - 1) / unit * unit;
  }

  public boolean contains(String name) {
    return views.containsKey(name);
  }

  /** Returns all tensors in one vector, with gaps of zeros. */
  PtNDArray flatValues() {
    return value;
  }

  PtNDArray flatGradients() {
    return gradient;
  }

  public PtNDArray value(String name) {
    return views(name).value();
  }

  public PtNDArray gradient(String name) {
    return views(name).gradient();
  }

  private Views views(String name) {
    Views found = views.get(name);
    if (found == null) throw new IllegalArgumentException("parameter " + name + " does not train");
    return found;
  }

  /** Returns further gradients, zeroed, which {@link #take} adds to these. */
  public Gradients further() {
    PtNDArray flat = memory.zeros(gradient.getShape().size());
    Map<String, PtNDArray> byName = new LinkedHashMap<>();
    List<PtNDArray> parts = parts(flat);
    for (int i = 0; i < slots.size(); i++) byName.put(slots.get(i).name(), parts.get(i));
    return new Gradients(flat, byName);
  }

  /** Adds further gradients to the gradients, and zeroes them. */
  public void take(Gradients further) {
    memory.run("take", gradient, further.flat());
  }

  public long size() {
    return slots.stream().mapToLong(Slot::size).sum();
  }

  /** Returns the readout of a step's losses, which an update reads. */
  public Readout readout() {
    return readout;
  }

  public long updates() {
    return updates;
  }

  /**
   * Clips, makes one AdamW update and zeroes the gradients. The device skips the update if a number
   * is not finite; the host reads that after all calls are queued.
   *
   * @param rule part of the method after the update
   * @return norm of all gradients before clipping
   * @throws TrainableModel.NonfiniteGradients if the norm or a loss is not finite; the parameters
   *     are then unchanged
   */
  public double update(double learningRate, StepRule rule) {
    try (PtNDManager scope = memory.scope()) {
      Readout.Numbers norm =
          readout.add(memory.call(scope, "clip", gradient, settings.maxGradNorm()));
      PtNDArray skip = readout.nonfinite();
      Readout.Numbers skipped = readout.add(skip);
      for (ParameterGroup group : groups) {
        memory.run(
            "adamw",
            group.value(),
            group.gradient(),
            group.m(),
            group.v(),
            step,
            (double) (updates + 1),
            skip,
            learningRate * group.settings().rate(),
            settings.beta1(),
            settings.beta2(),
            settings.epsilon(),
            group.settings().decay());
      }
      if (skipped.values()[0] != 0) throw new TrainableModel.NonfiniteGradients(updates + 1);
      updates++;
      rule.updated(updates);
      memory.zero(gradient);
      return norm.values()[0];
    }
  }

  /** Divides the gradients by the scale of the loss. */
  public void unscale(double scale) {
    if (scale != 1) memory.run("times", gradient, 1 / scale);
  }

  /** Discards the gradients of the window so far. */
  public void discard() {
    readout.forget();
    memory.zero(gradient);
  }

  public DeviceTensors values() {
    return new DeviceTensors(
        memory, slots.stream().map(slot -> Map.entry(slot.name(), value(slot.name()))).toList());
  }

  public DeviceTensors moments() {
    List<Map.Entry<String, PtNDArray>> all = new ArrayList<>();
    for (Slot slot : slots) {
      all.add(Map.entry("exp_avg." + slot.name(), views(slot.name()).m()));
      all.add(Map.entry("exp_avg_sq." + slot.name(), views(slot.name()).v()));
    }
    return new DeviceTensors(memory, all);
  }

  public void load(List<NamedTensor> values) {
    Map<String, PtNDArray> targets = new LinkedHashMap<>();
    views.forEach((name, view) -> targets.put(name, view.value()));
    new DeviceMemory.TensorTable(memory, targets).fill(values);
  }

  public void restore(List<NamedTensor> values, List<NamedTensor> moments, long madeUpdates) {
    Map<String, PtNDArray> targets = new LinkedHashMap<>();
    views.forEach(
        (name, view) -> {
          targets.put("exp_avg." + name, view.m());
          targets.put("exp_avg_sq." + name, view.v());
        });
    load(values);
    new DeviceMemory.TensorTable(memory, targets).fill(moments);
    memory.zero(gradient);
    updates = madeUpdates;
  }

  /** The part of a method in an optimiser step, beside AdamW. */
  interface StepRule {
    /** Does nothing. */
    StepRule NONE = new StepRule() {};

    /**
     * Adds the gradient of a regulariser before clipping.
     *
     * @return the regulariser's loss in the readout; null = none
     */
    default Readout.@Nullable Numbers regularise(Readout readout) {
      return null;
    }

    /**
     * Called after the update, while the clipped gradients still exist.
     *
     * @param updates made so far, this one included
     */
    default void updated(long updates) {}

    /** Returns the state that the next step depends on and a checkpoint must hold, by name. */
    default Map<String, PtNDArray> state() {
      return Map.of();
    }
  }
}
