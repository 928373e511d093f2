package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.kernels.Kernels;
import dev.graft.training.kernels.TorchScriptModule;
import dev.graft.training.program.LayerProgram;
import dev.graft.training.program.LayerTensors;
import dev.graft.weights.ModelConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * A decoder compiled for the tensors it has: layers with the same adapters and trained tensors
 * share a program. It does not own the tensors.
 */
public final class Decoder implements AutoCloseable {
  /**
   * @param program name of its methods
   * @param weights argument {@code w}
   * @param gradients argument {@code gradients}
   * @param trains whether a tensor of this layer trains
   */
  record Layer(String program, IValue weights, IValue gradients, boolean trains) {}

  private final Family family;
  private final Map<String, PtNDArray> tensors;
  private final TorchScriptModule module;
  private final List<Layer> layers;

  private Decoder(
      Family family, Map<String, PtNDArray> tensors, TorchScriptModule module, List<Layer> layers) {
    this.family = family;
    this.tensors = tensors;
    this.module = module;
    this.layers = layers;
  }

  /**
   * Compiles a decoder that does not train.
   *
   * @param tensors by Hugging Face name, low-rank factors as {@code <module>.lora_A.weight}
   * @param scale of the low-rank paths
   */
  public static Decoder frozen(
      Family family, DeviceMemory memory, Map<String, PtNDArray> tensors, double scale) {
    return compile(family, memory, tensors, Map.of(), scale, 0);
  }

  static Decoder compile(
      Family family,
      DeviceMemory memory,
      Map<String, PtNDArray> tensors,
      Map<String, PtNDArray> gradients,
      double scale,
      double dropout) {
    Map<LayerTensors, String> programs = new LinkedHashMap<>();
    List<LayerTensors> shapes = new ArrayList<>();
    int count = family.config().numHiddenLayers();
    for (int i = 0; i < count; i++) {
      LayerTensors shape = tensorsOf(family, i, tensors, gradients.keySet(), scale, dropout);
      programs.putIfAbsent(shape, "layer" + programs.size());
      shapes.add(shape);
    }
    StringBuilder methods = new StringBuilder();
    programs.forEach(
        (shape, name) -> methods.append(new LayerProgram(name, family.layer(), shape).methods()));
    TorchScriptModule module = Kernels.load(methods.toString(), memory.device());
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      LayerTensors shape = shapes.get(i);
      String prefix = family.layerPrefix(i);
      layers.add(
          new Layer(
              Objects.requireNonNull(programs.get(shape)),
              list(shape.names(), prefix, tensors),
              list(shape.trainedInOrder(), prefix, gradients),
              !shape.trained().isEmpty()));
    }
    return new Decoder(family, tensors, module, List.copyOf(layers));
  }

  private static LayerTensors tensorsOf(
      Family family,
      int layer,
      Map<String, PtNDArray> tensors,
      Set<String> trained,
      double scale,
      double dropout) {
    String prefix = family.layerPrefix(layer);
    List<String> names = new ArrayList<>();
    for (ModelConfig.Parameter parameter : family.config().parameters()) {
      if (parameter.name().startsWith(prefix)) {
        names.add(parameter.name().substring(prefix.length()));
      }
    }
    Set<String> factors = new TreeSet<>();
    for (String name : tensors.keySet()) {
      if (name.startsWith(prefix) && name.contains(".lora_")) {
        factors.add(name.substring(prefix.length()));
      }
    }
    names.addAll(factors);
    Set<String> trains = new TreeSet<>();
    for (String name : names) if (trained.contains(prefix + name)) trains.add(name);
    return new LayerTensors(names, trains, scale, dropout);
  }

  private static IValue list(List<String> names, String prefix, Map<String, PtNDArray> tensors) {
    PtNDArray[] array = new PtNDArray[names.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = Objects.requireNonNull(tensors.get(prefix + names.get(i)), names.get(i));
    }
    return IValue.listFrom(array);
  }

  Family family() {
    return family;
  }

  TorchScriptModule module() {
    return module;
  }

  List<Layer> layers() {
    return layers;
  }

  PtNDArray tensor(String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  /** Hidden states of token ids (positions), (positions, hidden). */
  IValue embed(PtNDArray ids) {
    return module.invoke("embed", ids, tensor(family.embedding()));
  }

  /** Logits (positions, vocabulary) of hidden states (positions, hidden). */
  PtNDArray logits(PtNDManager owner, IValue x) {
    return module
        .call(
            owner,
            "head_logits",
            x,
            tensor(family.finalNorm()),
            tensor(family.head()),
            family.normEps())
        .getFirst();
  }

  @Override
  public void close() {
    for (Layer layer : layers) {
      layer.weights().close();
      layer.gradients().close();
    }
    module.close();
  }
}
