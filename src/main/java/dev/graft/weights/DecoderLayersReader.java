package dev.graft.weights;

import dev.graft.weights.DecoderConfig.LayerAttention;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** What differs from layer to layer: window and rotation. */
final class DecoderLayersReader {
  private static final String WINDOW = "sliding_window";

  private final ModelType type;
  private final JsonFields config;
  private final int count;
  private final RopeReader ropes;

  DecoderLayersReader(ModelType type, JsonFields config, Basics basics, int headDim) {
    this.type = type;
    this.config = config;
    this.count = basics.numHiddenLayers();
    this.ropes = new RopeReader(type, config, headDim, basics.maxPositionEmbeddings());
  }

  List<LayerAttention> read() {
    return switch (type) {
      case MISTRAL -> {
        if (!config.isEmpty("layer_types")) {
          throw config.bad("layer_types", "is not supported for mistral");
        }
        yield layers(i -> true, config.isGiven(WINDOW) ? window() : 4096);
      }
      case PHI3 -> layers(i -> true, window());
      case QWEN2, QWEN3 -> {
        int first = config.intOr("max_window_layers", 28, 0, 1 << 16);
        yield layers(sliding(i -> usesWindow() && window() > 0 && i >= first), windowIfUsed());
      }
      case GEMMA2 -> layers(sliding(i -> i % 2 == 0), windowOf4096());
      case GEMMA3 -> gemma3();
      case SMOLLM3 -> smolLm3();
      default -> layers(i -> false, 0);
    };
  }

  private List<LayerAttention> layers(IntPredicate sliding, int window) {
    Rope rope = ropes.single();
    List<LayerAttention> layers = new ArrayList<>();
    for (int i = 0; i < count; i++) layers.add(layer(sliding.test(i), window, rope));
    return layers;
  }

  private static LayerAttention layer(boolean sliding, int window, @Nullable Rope rope) {
    return new LayerAttention(sliding ? window : 0, rope);
  }

  private List<LayerAttention> gemma3() {
    int pattern = config.intOr("sliding_window_pattern", 6, 1, 1 << 16);
    IntPredicate sliding = sliding(i -> (i + 1) % pattern != 0);
    int window = windowOf4096();
    Rope global = ropes.global();
    Rope local = ropes.local();
    List<LayerAttention> layers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean slides = sliding.test(i);
      layers.add(layer(slides, window, slides ? local : global));
    }
    return layers;
  }

  private List<LayerAttention> smolLm3() {
    String field = "no_rope_layers";
    int interval = config.intOr("no_rope_layer_interval", 4, 1, 1 << 16);
    List<Integer> given = config.ints(field, 0, 1); // 1 = with positions, despite the name
    if (config.has(field) && given.size() < count) {
      throw config.bad(field, "has " + given.size() + " entries for " + count + " layers");
    }
    IntPredicate turns = i -> config.has(field) ? given.get(i) == 1 : (i + 1) % interval != 0;
    boolean windowed = usesWindow() && window() > 0;
    IntPredicate sliding = sliding(i -> windowed && !turns.test(i));
    Rope rope = ropes.single();
    List<LayerAttention> layers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      layers.add(layer(sliding.test(i), windowIfUsed(), turns.test(i) ? rope : null));
    }
    return layers;
  }

  private boolean usesWindow() {
    return config.booleanOr("use_sliding_window", false);
  }

  /** 0 where there is none. */
  private int window() {
    return config.intOr(WINDOW, 0, 1, 1 << 28);
  }

  private int windowIfUsed() {
    return usesWindow() ? window() : 0;
  }

  private int windowOf4096() {
    return config.isGiven(WINDOW) ? window() : 4096;
  }

  /** {@code layer_types} where it is given; else the family's own pattern. */
  private IntPredicate sliding(IntPredicate pattern) {
    String field = "layer_types";
    List<String> types = config.texts(field);
    if (types == null) return pattern;
    if (types.size() != count) {
      throw config.bad(field, "has " + types.size() + " entries for " + count + " layers");
    }
    List<Boolean> slides = new ArrayList<>();
    for (String each : types) {
      switch (each) {
        case "sliding_attention" -> slides.add(true);
        case "full_attention" -> slides.add(false);
        default ->
            throw config.bad(
                field, "holds '" + each + "'; supported: full_attention, sliding_attention");
      }
    }
    boolean none =
        type == ModelType.GEMMA2 || type == ModelType.GEMMA3
            ? windowOf4096() == 0
            : windowIfUsed() == 0;
    if (none && slides.contains(true)) {
      throw config.bad(field, "has sliding_attention, but there is no sliding_window");
    }
    return slides::get;
  }
}
