package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.model.Sampling;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One line from the server to the inference process. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "order")
@JsonSubTypes({
  @JsonSubTypes.Type(value = InferrerOrder.GenerateAsk.class, name = "ask"),
  @JsonSubTypes.Type(value = InferrerOrder.ClassifyAsk.class, name = "classify"),
  @JsonSubTypes.Type(value = InferrerOrder.Cancel.class, name = "cancel")
})
sealed interface InferrerOrder permits InferrerOrder.Ask, InferrerOrder.Cancel {
  /** Ends an answer. The last reply to the ask still follows. */
  record Cancel(long id) implements InferrerOrder {}

  /** A request to the base model, with or without an adapter. */
  @JsonSubTypes({
    @JsonSubTypes.Type(value = GenerateAsk.class, name = "ask"),
    @JsonSubTypes.Type(value = ClassifyAsk.class, name = "classify")
  })
  sealed interface Ask extends InferrerOrder permits GenerateAsk, ClassifyAsk {
    /** Returns the id, which each {@link Reply} repeats. */
    long id();

    /** Returns the directory of the PEFT adapter, or null for the base model alone. */
    @Nullable String adapter();

    /** Returns the same ask under another id. */
    Ask numbered(long other);

    /** Returns the same ask with an adapter. */
    Ask withAdapter(String directory);
  }

  /**
   * Asks for an answer to a prompt: {@link Reply.Piece pieces}, then {@link Reply.Done}.
   *
   * @param defaultMaxTokens bound if the request has none; limited by the room in the context
   */
  record GenerateAsk(
      long id,
      @Nullable String adapter,
      Prompt prompt,
      int defaultMaxTokens,
      @JsonUnwrapped Decoding decoding)
      implements InferrerOrder.Ask {
    @Override
    public GenerateAsk numbered(long other) {
      return new GenerateAsk(other, adapter, prompt, defaultMaxTokens, decoding);
    }

    @Override
    public GenerateAsk withAdapter(String directory) {
      return new GenerateAsk(id, directory, prompt, defaultMaxTokens, decoding);
    }
  }

  /**
   * Asks for the labels of texts: one {@link Reply.Labels}.
   *
   * @param truncation whether a text that is too long is cut at its end instead of refused
   * @param topK the maximum number of labels per text
   */
  record ClassifyAsk(
      long id, @Nullable String adapter, List<String> texts, boolean truncation, int topK)
      implements InferrerOrder.Ask {
    public ClassifyAsk {
      texts = List.copyOf(texts);
    }

    @Override
    public ClassifyAsk numbered(long other) {
      return new ClassifyAsk(other, adapter, texts, truncation, topK);
    }

    @Override
    public ClassifyAsk withAdapter(String directory) {
      return new ClassifyAsk(id, directory, texts, truncation, topK);
    }
  }

  /**
   * How answers are generated, for chats and completions.
   *
   * @param echo whether each choice begins with the text of the prompt
   * @param maxTokens the maximum number of new tokens of a choice, or null for the default
   * @param choices the number of answers, generated one after the other
   * @param stop strings that end an answer and are not part of it
   * @param topLogprobs the number of candidates in each score, or null for no scores
   */
  record Decoding(
      boolean echo,
      @Nullable Integer maxTokens,
      int choices,
      Sampling sampling,
      List<String> stop,
      @Nullable Integer topLogprobs) {
    public Decoding {
      stop = List.copyOf(stop);
    }
  }
}
