package dev.graft.model;

import dev.graft.kernels.Elementwise.Activate;
import dev.graft.kernels.Elementwise.AdapterSum;
import dev.graft.kernels.Elementwise.Widen;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Statement;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Bottleneck.Variant;
import dev.graft.weights.BertConfig;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.Gpt2Config;
import dev.graft.weights.GptNeoXConfig;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Activation;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Bottleneck adapters (Houlsby et al. 2019, Pfeiffer et al. 2021, He et al. 2022). PEFT has no file
 * format for them: names in the file have no prefix.
 */
final class BottleneckTuner extends PartsTuner {
  public BottleneckTuner(Bottleneck method, ModelDirectory base) {
    super(
        List.of(
            BottleneckAdapters.of(method, base.config()),
            SavedModules.of(method.modulesToSave(), base)));
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained;
  }

  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    return saved;
  }

  /**
   * The adapters themselves: two small linear layers with a function between them at the end of a
   * layer's branches.
   *
   * @param width features between the two
   */
  private record BottleneckAdapters(Bottleneck method, ModelConfig config, int width)
      implements Trainable {
    private static final String DOWN = ".adapter_down";
    private static final String UP = ".adapter_up";

    public static BottleneckAdapters of(Bottleneck method, ModelConfig config) {
      int width = config.hiddenSize() / method.reductionFactor();
      if (width == 0) {
        throw new IllegalArgumentException(
            "reduction_factor: %d is larger than the %d features of the base"
                .formatted(method.reductionFactor(), config.hiddenSize()));
      }
      return new BottleneckAdapters(method, config, width);
    }

    private LayerBranches branches() {
      return LayerBranches.of(config);
    }

    /** Returns the modules below a layer that get an adapter. */
    private List<String> sites() {
      LayerBranches branches = branches();
      return method.variant() == Variant.HOULSBY
          ? List.of(branches.attention(), branches.feedForward())
          : List.of(branches.feedForward());
    }

    @Override
    public List<Slot> slots() {
      int hidden = config.hiddenSize();
      List<Slot> slots = new ArrayList<>();
      for (int i = 0; i < config.numHiddenLayers(); i++) {
        for (String site : sites()) {
          String module = config.layerPrefix(i) + site;
          slots.add(new Slot(module + DOWN + ".weight", width, hidden));
          slots.add(new Slot(module + DOWN + ".bias", width));
          slots.add(new Slot(module + UP + ".weight", hidden, width));
          slots.add(new Slot(module + UP + ".bias", hidden));
        }
      }
      return slots;
    }

    @Override
    public List<NamedTensor> start(long seed) {
      return slots().stream().map(slot -> start(slot, seed)).toList();
    }

    private NamedTensor start(Slot slot, long seed) {
      if (slot.name().endsWith(".bias")) return Starts.zeros(slot);
      double deviation = method.initStd();
      return switch (method.initWeights()) {
        case BERT -> Starts.normal(slot, deviation, seed);
        case HOULSBY -> Starts.truncatedNormal(slot, deviation, seed);
        case MAM_ADAPTER ->
            slot.name().endsWith(UP + ".weight")
                ? Starts.zeros(slot)
                : Starts.uniform(slot, 1 / Math.sqrt(config.hiddenSize()), seed);
      };
    }

    /** Changes layers only: the embedding and the head have no branches. */
    @Override
    public List<Statement> apply(String prefix, List<Statement> statements) {
      if (prefix.isEmpty()) return statements;
      List<Statement> layer = new ArrayList<>(statements);
      for (String site : sites()) adapt(layer, site);
      return layer;
    }

    private void adapt(List<Statement> layer, String site) {
      boolean beside = method.variant() == Variant.PARALLEL;
      int end = LayerBranches.end(layer, site);
      LinearLayer last = (LinearLayer) layer.get(end);
      String h = last.output() + "_dense";
      String x = beside ? branches().feedForwardInput(layer) : h;
      String in = last.output() + "_in";
      String down = last.output() + "_down";
      String active = last.output() + "_active";
      String up = last.output() + "_up";
      layer.set(end, last.named(h));
      layer.addAll(
          end + 1,
          List.of(
              new Widen(in, x),
              new LinearLayer(down, in, site + DOWN, true),
              new Activate(active, down, activation()),
              new LinearLayer(up, active, site + UP, true),
              new AdapterSum(last.output(), h, up, method.scaling())));
    }

    private Activation activation() {
      return switch (method.nonLinearity()) {
        case RELU -> Activation.RELU;
        case SWISH -> Activation.SILU;
        case GELU -> Activation.GELU;
        case TANH -> Activation.TANH;
      };
    }

    @Override
    public String unmergeable() {
      return "bottleneck adapters are not linear: they cannot be merged into the base";
    }
  }

  /**
   * The two branches of a layer, as modules below it whose output goes to the residual: the last
   * ones without the residual, before norms that follow.
   *
   * @param start first module of the feed-forward
   */
  private record LayerBranches(String attention, String feedForward, String start) {
    static LayerBranches of(ModelConfig config) {
      return switch (config) {
        case DecoderConfig _ -> new LayerBranches("self_attn", "mlp", "mlp");
        case Gpt2Config _ -> new LayerBranches("attn", "mlp", "mlp");
        case GptNeoXConfig _ -> new LayerBranches("attention", "mlp", "mlp");
        case BertConfig _ ->
            new LayerBranches("attention.output.dense", "output.dense", "intermediate.dense");
        case DistilBertConfig _ -> new LayerBranches("attention", "ffn", "ffn");
      };
    }

    /** Returns the index of the linear layer that ends a branch. */
    static int end(List<Statement> layer, String branch) {
      return within(layer, branch).reduce((first, second) -> second).orElseThrow();
    }

    /** Returns the input of the feed-forward. */
    String feedForwardInput(List<Statement> layer) {
      return ((LinearLayer) layer.get(within(layer, start).findFirst().orElseThrow())).input();
    }

    private static IntStream within(List<Statement> layer, String module) {
      return IntStream.range(0, layer.size())
          .filter(
              i ->
                  layer.get(i) instanceof LinearLayer linear
                      && (linear.module() + ".").startsWith(module + "."));
    }
  }
}
