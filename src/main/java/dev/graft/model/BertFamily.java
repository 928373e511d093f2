package dev.graft.model;

import dev.graft.kernels.BatchContext;
import dev.graft.kernels.Elementwise.Activate;
import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Norm.LayerNorm;
import dev.graft.kernels.Statement;
import dev.graft.kernels.Sum;
import dev.graft.weights.Activation;
import dev.graft.weights.ModelConfig.Activation;
import dev.graft.weights.BertConfig;
import dev.graft.weights.ModelConfig.Dropouts;
import java.util.List;

/** BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019), XLM-RoBERTa (Conneau et al. 2020). */
record BertFamily(BertConfig config, Dropouts dropouts) implements EncoderFamily {
  private static final EncoderLayer.Modules MODULES =
      new EncoderLayer.Modules(
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
    return new EncoderLayer(
            config.heads(),
            headDim(),
            config.activation(),
            config.layerNormEps(),
            dropouts,
            MODULES)
        .statements();
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

  @Override
  public int heads() {
    return config.heads();
  }
}
