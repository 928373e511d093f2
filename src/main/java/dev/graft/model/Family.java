package dev.graft.model;

import dev.graft.kernels.Statement;
import dev.graft.weights.BertConfig;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.Gpt2Config;
import dev.graft.weights.GptNeoXConfig;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.Rope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An architecture: what its parts compute and how their tensors are called. */
public sealed interface Family permits DecoderFamily, Gpt2Family, GptNeoXFamily, EncoderFamily {
  /** An architecture whose own dropouts are off. */
  static Family of(ModelConfig config) {
    return of(config, Dropouts.NONE);
  }

  /**
   * @param dropouts of the base, in training
   */
  static Family of(ModelConfig config, Dropouts dropouts) {
    return switch (config) {
      case DecoderConfig c -> new DecoderFamily(c, dropouts);
      case Gpt2Config c -> new Gpt2Family(c, dropouts);
      case GptNeoXConfig c -> new GptNeoXFamily(c, dropouts);
      case BertConfig c -> new BertFamily(c, dropouts);
      case DistilBertConfig c -> new DistilBertFamily(c, dropouts);
    };
  }

  ModelConfig config();

  /**
   * From token ids, the value {@code x}, to the input of the first layer. What the token table
   * gives is the value {@link dev.graft.kernels.Embedding.Embed#ROWS}.
   */
  List<Statement> embedding();

  /** The layer, from the value {@code x} to the output of the last statement. */
  List<Statement> layer(int index);

  /**
   * From the last layer's output at the positions that are picked, the value {@code x}, to what
   * {@link #output} is multiplied with, or to the logits of a classification.
   */
  List<Statement> head();

  /** Name of the output matrix (vocabulary, hidden); null for a classification. */
  @Nullable String output();

  /** Logits become softcap tanh(logit / softcap); 0 = they do not. */
  default double logitSoftcap() {
    return 0;
  }

  /** What a token sees in layers that have a window: itself and window - 1 before; 0 = no layer. */
  default int window() {
    return 0;
  }

  /** Whether every token sees all others. */
  default boolean bidirectional() {
    return false;
  }

  /** Row of the first token in the table of learned positions. */
  default int firstPosition() {
    return 0;
  }

  /** Features of a head of keys. */
  int headDim();

  int keyValueHeads();

  /** Angles of the rotary positions, if any. */
  @Nullable Rope rope();

  /** Angles of the layers that rotate by other ones, if any. */
  default @Nullable Rope localRope() {
    return null;
  }
}
