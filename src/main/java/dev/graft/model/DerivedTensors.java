package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.LayerTensors;
import dev.graft.kernels.TorchScriptModule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tensors of a model that follow from others: computed at the start and after each update. */
final class DerivedTensors implements AutoCloseable {
  private static final String METHOD =
      """
        def derive%d(self: __torch__.Model,
          into: Tensor,
          w: List[Tensor]) -> int:
          _0 = %s
          return 0
      """;

  private record Update(String method, PtNDArray into, PtNDArray[] arguments) {}

  private final List<Update> updates = new ArrayList<>();
  private final Map<String, PtNDArray> fresh = new LinkedHashMap<>();

  /** Null where nothing is computed. */
  private final @Nullable TorchScriptModule module;

  /** Of a model with tensors of its own: they are written into. */
  public DerivedTensors(DeviceMemory memory, ModelTensors tensors, List<Tuner.Derived> derived) {
    this(memory, tensors, derived, false);
  }

  /**
   * @param tensors get those that are new
   * @param shared whether other models have the tensors, too: a copy is written into
   */
  public DerivedTensors(
      DeviceMemory memory, ModelTensors tensors, List<Tuner.Derived> derived, boolean shared) {
    Map<String, String> methods = new LinkedHashMap<>();
    StringBuilder text = new StringBuilder();
    for (Tuner.Derived each : derived) {
      LayerTensors read = LayerTensors.named(each.of(), tensors::exactForm);
      List<String> arguments = new ArrayList<>();
      arguments.add("into");
      for (String name : each.of()) arguments.add(read.text(name));
      String update = each.update().formatted(arguments.toArray());
      String method = methods.get(update);
      if (method == null) {
        method = "derive" + methods.size();
        text.append(METHOD.formatted(methods.size(), update));
        methods.put(update, method);
      }
      if (shared || !tensors.contains(each.name())) {
        PtNDArray own =
            tensors.contains(each.name())
                ? memory.copyOf(tensors.require(each.name()))
                : memory.zeros(each.shape());
        fresh.put(each.name(), own);
        tensors.put(each.name(), own);
      }
      updates.add(
          new Update(
              method,
              tensors.require(each.name()),
              read.names().stream().map(tensors::require).toArray(PtNDArray[]::new)));
    }
    module = text.isEmpty() ? null : Kernels.load(text.toString(), memory.device());
  }

  /** Those that the model got, by name. */
  public Map<String, PtNDArray> fresh() {
    return Collections.unmodifiableMap(fresh);
  }

  /** After the others have changed. */
  public void compute() {
    if (module == null) return;
    for (Update each : updates) module.run(each.method(), each.into(), each.arguments());
  }

  @Override
  public void close() {
    if (module != null) module.close();
  }
}
