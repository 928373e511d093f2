package dev.graft.model;

import static dev.graft.weights.DistilBertConfig.LAYER_NORM_EPS;

import dev.graft.kernels.Attend;
import dev.graft.kernels.BatchContext;
import dev.graft.kernels.Elementwise.Activate;
import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Norm.LayerNorm;
import dev.graft.kernels.Statement;
import dev.graft.weights.BertConfig;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.ModelConfig.Activation;
import dev.graft.weights.ModelConfig.Dropouts;
import java.util.List;

/** An encoder with a classification head: every token sees all others, without rotary positions. */
sealed interface EncoderFamily extends Family {
  @Override
  default boolean bidirectional() {
    return true;
  }

  /** BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019), XLM-RoBERTa (Conneau et al. 2020). */
  record BertFamily(BertConfig config, Dropouts dropouts) implements EncoderFamily {
    private static final Modules MODULES =
        new Modules(
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "attention.output.LayerNorm",
            "intermediate.dense",
            "output.dense",
            "output.LayerNorm");

    @Override
    public List<Statement> embedding() {
      String embeddings = config.basePrefix() + "embeddings.";
      return List.of(
          new Embed(Embed.ROWS, null, config.inputEmbedding()),
          new Embed("types", BatchContext.TOKEN_TYPES, embeddings + "token_type_embeddings.weight"),
          new Embed("positions", BatchContext.POSITIONS, embeddings + "position_embeddings.weight"),
          new Sum("typed", Embed.ROWS, "types"),
          new Sum("placed", "typed", "positions"),
          new LayerNorm("normed", "placed", embeddings + "LayerNorm", config.layerNormEps()),
          new Dropout("y", "normed", dropouts.embedding()));
    }

    @Override
    public List<Statement> layer(int index) {
      return EncoderFamily.layer(
          config.heads(),
          config.hiddenSize(),
          config.activation(),
          config.layerNormEps(),
          dropouts,
          MODULES);
    }

    @Override
    public List<Statement> head() {
      String pooler = config.roberta() ? "classifier.dense" : "bert.pooler.dense";
      return List.of(
          new Dropout("read", "x", config.roberta() ? dropouts.head() : 0),
          new LinearLayer("dense", "read", pooler, true),
          new Activate("pooled", "dense", Activation.TANH),
          new Dropout("left", "pooled", dropouts.head()),
          new LinearLayer("logits", "left", config.outputModule(), true));
    }

    @Override
    public int firstPosition() {
      return config.positionOffset();
    }
  }

  /** DistilBERT (Sanh et al. 2019): BERT without token types, and with another head. */
  record DistilBertFamily(DistilBertConfig config, Dropouts dropouts) implements EncoderFamily {
    private static final Modules MODULES =
        new Modules(
            "attention.q_lin",
            "attention.k_lin",
            "attention.v_lin",
            "attention.out_lin",
            "sa_layer_norm",
            "ffn.lin1",
            "ffn.lin2",
            "output_layer_norm");

    @Override
    public List<Statement> embedding() {
      String embeddings = config.basePrefix() + "embeddings.";
      return List.of(
          new Embed(Embed.ROWS, null, config.inputEmbedding()),
          new Embed("positions", BatchContext.POSITIONS, embeddings + "position_embeddings.weight"),
          new Sum("placed", Embed.ROWS, "positions"),
          new LayerNorm("normed", "placed", embeddings + "LayerNorm", LAYER_NORM_EPS),
          new Dropout("y", "normed", dropouts.embedding()));
    }

    @Override
    public List<Statement> layer(int index) {
      return EncoderFamily.layer(
          config.heads(),
          config.hiddenSize(),
          config.activation(),
          LAYER_NORM_EPS,
          dropouts,
          MODULES);
    }

    @Override
    public List<Statement> head() {
      return List.of(
          new LinearLayer("dense", "x", "pre_classifier", true),
          new Activate("pooled", "dense", Activation.RELU),
          new Dropout("left", "pooled", dropouts.head()),
          new LinearLayer("logits", "left", config.outputModule(), true));
    }
  }

  /** Paths of the modules below a layer. */
  record Modules(
      String query,
      String key,
      String value,
      String attentionOut,
      String attentionNorm,
      String up,
      String down,
      String outputNorm) {}

  /**
   * Returns the layer of BERT (Devlin et al. 2019): norms follow the residuals, and every token
   * sees all of its text.
   *
   * @param eps of both norms
   */
  private static List<Statement> layer(
      int heads,
      int hidden,
      Activation activation,
      double eps,
      Dropouts dropouts,
      Modules modules) {
    return List.of(
        new LinearLayer("q", "x", modules.query(), true),
        new LinearLayer("k", "x", modules.key(), true),
        new LinearLayer("v", "x", modules.value(), true),
        new Attend("o", "q", "k", "v", heads, hidden / heads).dropping(dropouts.attention()),
        new LinearLayer("attention_out", "o", modules.attentionOut(), true),
        new Dropout("attention_left", "attention_out", dropouts.attentionOutput()),
        new Sum("attended", "x", "attention_left"),
        new LayerNorm("middle", "attended", modules.attentionNorm(), eps),
        new LinearLayer("up", "middle", modules.up(), true),
        new Activate("activated", "up", activation),
        new LinearLayer("mlp_out", "activated", modules.down(), true),
        new Dropout("mlp_left", "mlp_out", dropouts.feedForward()),
        new Sum("fed", "middle", "mlp_left"),
        new LayerNorm("y", "fed", modules.outputNorm(), eps));
  }
}
