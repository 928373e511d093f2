package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.graft.weights.Task;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One line from the inference process to the server. An ask for text is answered by pieces and a
 * last reply of another kind, other asks by the last reply alone.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Reply.Ready.class, name = "ready"),
  @JsonSubTypes.Type(value = Reply.Piece.class, name = "piece"),
  @JsonSubTypes.Type(value = Reply.Done.class, name = "done"),
  @JsonSubTypes.Type(value = Reply.Labels.class, name = "labels"),
  @JsonSubTypes.Type(value = Reply.Refused.class, name = "refused"),
  @JsonSubTypes.Type(value = Reply.Failed.class, name = "failed")
})
sealed interface Reply {
  /** The base model is loaded. Sent once, before all other replies. */
  record Ready() implements Reply {}

  /**
   * The next part of an answer. Choices follow one after the other.
   *
   * @param choice counted from 0
   * @param scores of the tokens that begin in this text, if requested
   * @param end why the choice ended with this piece, or null
   */
  record Piece(long id, int choice, String text, List<TokenScore> scores, @Nullable End end)
      implements Reply {
    /** Returns the same piece with its choice counted after {@code choices} others. */
    Piece after(int choices) {
      return new Piece(id, choices + choice, text, scores, end);
    }
  }

  /** Why an answer ends. */
  enum End {
    /** The model or a stop string ended it. */
    STOP,
    /** It reached the maximum number of tokens. */
    LENGTH;

    /** Returns OpenAI's {@code finish_reason}. */
    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * All choices are answered, or the ask was cancelled.
   *
   * @param completionTokens of all choices
   */
  record Done(long id, int promptTokens, int completionTokens) implements Reply {
    /** Returns the sum of the counts. */
    Done and(Done next) {
      return new Done(
          next.id, promptTokens + next.promptTokens, completionTokens + next.completionTokens);
    }
  }

  /**
   * All texts are labelled.
   *
   * @param promptTokens of all texts
   * @param problem what the labels mean
   * @param texts labels of each, the likeliest first
   */
  record Labels(long id, int promptTokens, Task.Problem problem, List<List<LabelScore>> texts)
      implements Reply {}

  /** Why a request cannot be answered. */
  enum Cause {
    CONTEXT_LENGTH_EXCEEDED,
    /** Control tokens in the text, or turns that the chat template rejects. */
    INVALID_PROMPT,
    /** A parameter that does not fit this model. */
    INVALID_VALUE
  }

  /** The request is invalid for this model. */
  record Refused(long id, Cause cause, @Nullable String param, String message) implements Reply {}

  /** The model failed. The message is for the server's log. */
  record Failed(long id, String message) implements Reply {}

  /**
   * The log-probability of a token.
   *
   * @param bytes UTF-8, possibly a part of a character
   * @param logProbability natural logarithm, of the model's own distribution; null at the very
   *     first token of a prompt
   * @param offset code points in front of it in the text of the choice
   * @param top the likeliest tokens at its position, best first
   */
  record TokenScore(
      byte[] bytes, @Nullable Double logProbability, int offset, List<Candidate> top) {
    public TokenScore {
      top = List.copyOf(top);
    }

    /** A token that was possible at this position. */
    record Candidate(byte[] bytes, double logProbability) {}
  }

  /**
   * @param label name of a class
   * @param score its probability, or the number of a regression
   */
  record LabelScore(String label, double score) {}
}
