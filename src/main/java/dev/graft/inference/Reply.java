package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.graft.weights.Task;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One line from the inferrer to the server. To an ask: pieces, if it is of text, then one of the
 * others.
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
  /** The base model is loaded; asks may come. Sent once, first. */
  record Ready() implements Reply {}

  /**
   * The next part of an answer. Choices come one after the other.
   *
   * @param choice counted from 0
   * @param scores of the tokens that begin in this text, where they were asked for
   * @param end why this was its last piece, or null
   */
  record Piece(long id, int choice, String text, List<TokenScore> scores, @Nullable End end)
      implements Reply {
    /** The same, of a choice that comes after as many others. */
    public Piece after(int choices) {
      return new Piece(id, choices + choice, text, scores, end);
    }
  }

  /** Why an answer ends. */
  enum End {
    /** The model or a stop string ended it. */
    STOP,
    /** The bound on tokens did. */
    LENGTH;

    /** OpenAI's {@code finish_reason}. */
    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * All choices are answered, or the ask was cancelled.
   *
   * @param completionTokens of all choices
   */
  record Done(long id, int promptTokens, int completionTokens) implements Reply {
    /** The counts of two asks together. */
    public Done and(Done next) {
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
    /** Control tokens in the text, or turns that the chat template does not take. */
    INVALID_PROMPT,
    /** A parameter that does not fit this model. */
    INVALID_VALUE
  }

  /** The request cannot be answered and it is the request's fault. */
  record Refused(long id, Cause cause, @Nullable String param, String message) implements Reply {}

  /** The request failed and it is not its fault; the message is for the server's log. */
  record Failed(long id, String message) implements Reply {}

  /**
   * A token of an answer and what the model thought of it.
   *
   * @param bytes of UTF-8, perhaps a part of a character
   * @param logProbability natural logarithm, of the model's own distribution; null at the very
   *     first token of a prompt
   * @param offset code points before it in the choice's text
   * @param top the likeliest tokens in its place, best first
   */
  record TokenScore(
      byte[] bytes, @Nullable Double logProbability, int offset, List<Candidate> top) {
    public TokenScore {
      top = List.copyOf(top);
    }

    /** A token that could have been there. */
    public record Candidate(byte[] bytes, double logProbability) {}
  }

  /**
   * @param label name of a class
   * @param score its probability; of a regression the number itself
   */
  record LabelScore(String label, double score) {}
}
