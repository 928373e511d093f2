package dev.graft.model;

import dev.graft.kernels.Attend;
import dev.graft.kernels.Elementwise.Activate;
import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Norm.LayerNorm;
import dev.graft.kernels.Statement;
import dev.graft.kernels.Sum;
import dev.graft.weights.Activation;
import dev.graft.weights.Dropouts;
import dev.graft.weights.ModelConfig.Activation;
import dev.graft.weights.ModelConfig.Dropouts;
import java.util.List;

/**
 * The layer of BERT (Devlin et al. 2019): norms after the residuals, every token sees all of its
 * text.
 *
 * @param eps of both norms
 */
record EncoderLayer(
    int heads, int headDim, Activation activation, double eps, Dropouts dropouts, Modules modules) {
  /** How the modules are called below the layer. */
  record Modules(
      String query,
      String key,
      String value,
      String attentionOut,
      String attentionNorm,
      String up,
      String down,
      String outputNorm) {}

  List<Statement> statements() {
    return List.of(
        new LinearLayer("q", "x", modules.query, true),
        new LinearLayer("k", "x", modules.key, true),
        new LinearLayer("v", "x", modules.value, true),
        new Attend("o", "q", "k", "v", heads, headDim, 1 / Math.sqrt(headDim), 0, 0)
            .dropping(dropouts.attention()),
        new LinearLayer("attention_out", "o", modules.attentionOut, true),
        new Dropout("attention_left", "attention_out", dropouts.attentionOutput()),
        new Sum("attended", "x", "attention_left"),
        new LayerNorm("middle", "attended", modules.attentionNorm, eps),
        new LinearLayer("up", "middle", modules.up, true),
        new Activate("activated", "up", activation),
        new LinearLayer("mlp_out", "activated", modules.down, true),
        new Dropout("mlp_left", "mlp_out", dropouts.feedForward()),
        new Sum("fed", "middle", "mlp_left"),
        new LayerNorm("y", "fed", modules.outputNorm, eps));
  }
}
