package dev.graft.training.model;

import dev.graft.training.program.Activate;
import dev.graft.training.program.Attend;
import dev.graft.training.program.Dropout;
import dev.graft.training.program.LayerNorm;
import dev.graft.training.program.Linear;
import dev.graft.training.program.Statement;
import dev.graft.training.program.Sum;
import dev.graft.weights.Activation;
import dev.graft.weights.Dropouts;
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
        new Linear("q", "x", modules.query, true),
        new Linear("k", "x", modules.key, true),
        new Linear("v", "x", modules.value, true),
        new Attend("o", "q", "k", "v", heads, headDim, 1 / Math.sqrt(headDim), false, 0, 0)
            .dropping(dropouts.attention()),
        new Linear("attention_out", "o", modules.attentionOut, true),
        new Dropout("attention_left", "attention_out", dropouts.attentionOutput()),
        new Sum("attended", "x", "attention_left"),
        new LayerNorm("middle", "attended", modules.attentionNorm, eps),
        new Linear("up", "middle", modules.up, true),
        new Activate("activated", "up", activation),
        new Linear("mlp_out", "activated", modules.down, true),
        new Dropout("mlp_left", "mlp_out", dropouts.feedForward()),
        new Sum("fed", "middle", "mlp_left"),
        new LayerNorm("y", "fed", modules.outputNorm, eps));
  }
}
