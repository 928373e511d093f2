package dev.graft.model;

import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Statement;
import dev.graft.weights.BertConfig;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.Gpt2Config;
import dev.graft.weights.GptNeoXConfig;
import dev.graft.weights.ModelConfig;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The two branches of a layer, as modules below it whose output goes to the residual: the last ones
 * without the residual, before norms that follow.
 *
 * @param start what the feed-forward begins with: itself, where it is one module
 */
record LayerBranches(String attention, String feedForward, String start) {
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

  /** Index of the linear layer that ends a branch. */
  static int end(List<Statement> layer, String branch) {
    return within(layer, branch).reduce((first, second) -> second).orElseThrow();
  }

  /** The value that the feed-forward takes. */
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
