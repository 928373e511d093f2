package dev.graft.kernels;

import dev.graft.kernels.Attend.RotaryEmbedding;
import dev.graft.kernels.Elementwise.Activate;
import dev.graft.kernels.Elementwise.Slice;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.Norm.LayerNorm;
import dev.graft.weights.ModelConfig.Activation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Layers of 8 features that together use every statement and option. */
enum TestLayers {
  /** Grouped attention, biases, a gated feed-forward. */
  LLAMA {
    @Override
    List<Statement> statements() {
      return List.of(
          new Norm("h", "x", "norm1", 0.01),
          new LinearLayer("q", "h", "q_proj", false),
          new LinearLayer("k", "h", "k_proj", false),
          new LinearLayer("v", "h", "v_proj", true),
          new RotaryEmbedding("q2", "q", 4),
          new RotaryEmbedding("k2", "k", 4),
          new Attend("o", "q2", "k2", "v", 1, 4),
          new LinearLayer("a", "o", "o_proj", false),
          new Sum("m", "x", "a"),
          new Norm("h2", "m", "norm2", 0.01),
          new LinearLayer("gate", "h2", "gate_proj", false),
          new LinearLayer("up", "h2", "up_proj", false),
          new Elementwise.GatedActivation("gated", "gate", "up", Activation.SILU),
          new LinearLayer("d", "gated", "down_proj", false),
          new Sum("y", "m", "d"));
    }

    @Override
    Map<String, long[]> shapes() {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      attention(shapes);
      shapes.put("v_proj.bias", new long[] {4});
      shapes.put("norm2.weight", new long[] {8});
      shapes.put("gate_proj.weight", new long[] {6, 8});
      shapes.put("up_proj.weight", new long[] {6, 8});
      shapes.put("down_proj.weight", new long[] {8, 6});
      return shapes;
    }
  },

  /** Norms of heads with 1 + w, a window, capped scores that drop, multipliers, other tables. */
  GEMMA {
    @Override
    List<Statement> statements() {
      return List.of(
          new Norm("h", "x", "norm1", 0.01, true, true, 0),
          new LinearLayer("q", "h", "q_proj", false),
          new LinearLayer("k", "h", "k_proj", false),
          new LinearLayer("v", "h", "v_proj", false),
          new Norm("q1", "q", "q_norm", 0.01, true, true, 4),
          new Norm("k1", "k", "k_norm", 0.01, true, true, 4),
          new RotaryEmbedding("q2", "q1", 4, true),
          new RotaryEmbedding("k2", "k1", 4, true),
          new Attend("o", "q2", "k2", "v", 1, 4, 0.7, 2, 1.5).dropping(0.3),
          new LinearLayer("a", "o", "o_proj", false),
          new Elementwise.Scale("s", "a", 0.5),
          new Sum("y", "x", "s", 0.3));
    }

    @Override
    Map<String, long[]> shapes() {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      attention(shapes);
      shapes.put("q_norm.weight", new long[] {4});
      shapes.put("k_norm.weight", new long[] {4});
      return shapes;
    }
  },

  /**
   * A fused projection stored as (in, out), layer norms, an activation without a gate; dropouts.
   */
  GPT2 {
    @Override
    List<Statement> statements() {
      return List.of(
          new LayerNorm("h", "x", "norm1", 0.01),
          new LinearLayer("qkv", "h", "c_attn", true, true),
          new Slice("q", "qkv", 24, 1, 0, 8),
          new Slice("k", "qkv", 24, 1, 8, 8),
          new Slice("v", "qkv", 24, 1, 16, 8),
          new Attend("o", "q", "k", "v", 2, 4).dropping(0.4),
          new LinearLayer("a", "o", "c_proj", true, true),
          new Elementwise.Dropout("a2", "a", 0.3),
          new Sum("m", "x", "a2"),
          new LayerNorm("h2", "m", "norm2", 0.01),
          new LinearLayer("f", "h2", "c_fc", true, true),
          new Activate("f2", "f", Activation.GELU_TANH),
          new LinearLayer("d", "f2", "c_out", true, true),
          new Sum("y", "m", "d"));
    }

    @Override
    Map<String, long[]> shapes() {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      layerNorm(shapes, "norm1");
      biased(shapes, "c_attn", 8, 24, 24);
      biased(shapes, "c_proj", 8, 8, 8);
      layerNorm(shapes, "norm2");
      biased(shapes, "c_fc", 8, 6, 6);
      biased(shapes, "c_out", 6, 8, 8);
      return shapes;
    }
  },

  /** Projections interleaved head by head, half of a head rotated, a parallel residual. */
  NEOX {
    @Override
    List<Statement> statements() {
      return List.of(
          new LayerNorm("h", "x", "norm1", 0.01),
          new LinearLayer("qkv", "h", "qkv", false),
          new Slice("q", "qkv", 48, 2, 0, 8),
          new Slice("k", "qkv", 48, 2, 8, 8),
          new Slice("v", "qkv", 48, 2, 16, 8),
          new RotaryEmbedding("q2", "q", 8),
          new RotaryEmbedding("k2", "k", 8),
          new Attend("o", "q2", "k2", "v", 2, 8),
          new LinearLayer("a", "o", "dense", false),
          new LayerNorm("h2", "x", "norm2", 0.01),
          new Activate("f", "h2", Activation.GELU),
          new Sum("both", "a", "f"),
          new Sum("y", "both", "x"));
    }

    @Override
    Map<String, long[]> shapes() {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      layerNorm(shapes, "norm1");
      shapes.put("qkv.weight", new long[] {48, 8});
      shapes.put("dense.weight", new long[] {8, 16});
      layerNorm(shapes, "norm2");
      return shapes;
    }
  },

  /** Every token sees all of its segment; norms after the sum. */
  BERT {
    @Override
    List<Statement> statements() {
      return List.of(
          new LinearLayer("q", "x", "q_proj", false),
          new LinearLayer("k", "x", "k_proj", false),
          new LinearLayer("v", "x", "v_proj", false),
          new Attend("o", "q", "k", "v", 1, 4, 0.5, 0, 0).dropping(0.2),
          new LinearLayer("a", "o", "o_proj", false),
          new Activate("r", "a", Activation.RELU),
          new Activate("t", "a", Activation.TANH),
          new Sum("rt", "r", "t"),
          new Sum("m", "rt", "x"),
          new LayerNorm("y", "m", "norm2", 0.01));
    }

    @Override
    Map<String, long[]> shapes() {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      attention(shapes);
      shapes.remove("norm1.weight");
      layerNorm(shapes, "norm2");
      return shapes;
    }
  },

  /** Bottleneck adapters after attention and beside the feed-forward. */
  BOTTLENECK {
    @Override
    List<Statement> statements() {
      return List.of(
          new LinearLayer("a_dense", "x", "attention", true),
          new LinearLayer("a_down", "a_dense", "attention.adapter_down", true),
          new Activate("a_active", "a_down", Activation.SILU),
          new LinearLayer("a_up", "a_active", "attention.adapter_up", true),
          new Sum("a", "a_dense", "a_up", 1),
          new Sum("m", "x", "a"),
          new LayerNorm("h", "m", "norm1", 0.01),
          new LinearLayer("d_dense", "h", "dense", true),
          new LinearLayer("d_down", "h", "mlp.adapter_down", true),
          new Activate("d_active", "d_down", Activation.RELU),
          new LinearLayer("d_up", "d_active", "mlp.adapter_up", true),
          new Sum("d", "d_dense", "d_up", 4),
          new Sum("y", "m", "d"));
    }

    @Override
    Map<String, long[]> shapes() {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      biased(shapes, "attention", 8, 8, 8);
      biased(shapes, "attention.adapter_down", 3, 8, 3);
      biased(shapes, "attention.adapter_up", 8, 3, 8);
      layerNorm(shapes, "norm1");
      biased(shapes, "dense", 8, 8, 8);
      biased(shapes, "mlp.adapter_down", 3, 8, 3);
      biased(shapes, "mlp.adapter_up", 8, 3, 8);
      return shapes;
    }
  },

  /** What adapters bring: learned factors, parts of shared tensors, dropout, noise. */
  ADAPTED {
    @Override
    List<Statement> statements() {
      return List.of(
          new Elementwise.Multiply("h", "x", "ia3_l"),
          new Embedding.Noise("h", 3, 1),
          new Elementwise.Dropout("dropped", "h", 0.5),
          new LinearLayer.Project("u", "dropped", "/vera_A", 3, 8),
          new Elementwise.Multiply("u2", "u", "lambda_d"),
          new LinearLayer.Project("v", "u2", "/vera_B", 8, 3),
          new Elementwise.Multiply("v2", "v", "lambda_b"),
          new LinearLayer("a", "h", "dense", true),
          new Sum("s", "a", "v2", 0.5),
          new Elementwise.Shift("s2", "s", "shift", 3),
          new Elementwise.Dropout("d", "h", 0.5),
          new Sum("y", "s2", "d"));
    }

    @Override
    Map<String, long[]> shapes() {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      shapes.put("ia3_l", new long[] {1, 8});
      shapes.put("/vera_A", new long[] {3, 12});
      shapes.put("lambda_d", new long[] {3});
      shapes.put("/vera_B", new long[] {10, 3});
      shapes.put("lambda_b", new long[] {8});
      shapes.put("shift", new long[] {8});
      biased(shapes, "dense", 8, 8, 8);
      return shapes;
    }
  };

  abstract List<Statement> statements();

  abstract Map<String, long[]> shapes();

  private static void attention(Map<String, long[]> shapes) {
    shapes.put("norm1.weight", new long[] {8});
    shapes.put("q_proj.weight", new long[] {8, 8});
    shapes.put("k_proj.weight", new long[] {4, 8});
    shapes.put("v_proj.weight", new long[] {4, 8});
    shapes.put("o_proj.weight", new long[] {8, 8});
  }

  private static void layerNorm(Map<String, long[]> shapes, String module) {
    shapes.put(module + ".weight", new long[] {8});
    shapes.put(module + ".bias", new long[] {8});
  }

  private static void biased(
      Map<String, long[]> shapes, String module, long rows, long columns, long bias) {
    shapes.put(module + ".weight", new long[] {rows, columns});
    shapes.put(module + ".bias", new long[] {bias});
  }
}
