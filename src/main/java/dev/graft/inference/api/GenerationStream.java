package dev.graft.inference.api;

import dev.graft.inference.generation.OngoingGeneration;
import dev.graft.inference.generation.StreamOptions;
import dev.graft.inference.protocol.Reply;
import dev.graft.platform.errors.ErrorEnvelope;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.web.EventStream;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An answer as events, while it is made. */
public final class GenerationStream {
  private static final Logger log = LoggerFactory.getLogger(GenerationStream.class);

  private final EventStream events;
  private final GenerationChunks chunks;
  private final int choices;
  private final StreamOptions options;

  /**
   * @param choices to all prompts together
   */
  public GenerationStream(
      EventStream events, GenerationChunks chunks, int choices, StreamOptions options) {
    this.events = events;
    this.chunks = chunks;
    this.choices = choices;
    this.options = options;
  }

  /**
   * Returns when the answer has ended or the client is gone.
   *
   * @throws RequestFailed before the first event
   */
  public void relay(OngoingGeneration answering) {
    Optional<Reply.Piece> first = answering.next();
    try {
      send(answering, first);
    } catch (IOException gone) {
      log.atInfo().addKeyValue("answer", answering.head().id()).log("chat_left");
    }
  }

  private void send(OngoingGeneration answering, Optional<Reply.Piece> first) throws IOException {
    try {
      // All begin at once: OpenAI's Java client takes an answer for whole when every choice that it
      // has seen has ended.
      for (int i = 0; i < choices; i++) {
        Optional<?> begin = chunks.begin(i);
        if (begin.isPresent()) events.send(begin.get());
      }
      for (Optional<Reply.Piece> next = first; next.isPresent(); next = answering.next()) {
        send(next.get());
      }
      if (options.includeUsage()) events.send(chunks.usage(answering.done()));
      events.end();
    } catch (RequestFailed broken) {
      // The status is sent: SDKs raise an error of this event.
      events.send(ErrorEnvelope.of(broken));
    }
  }

  private void send(Reply.Piece piece) throws IOException {
    if (!piece.text().isEmpty() || !piece.scores().isEmpty()) events.send(chunks.text(piece));
    if (piece.end() != null) events.send(chunks.end(piece.choice(), piece.end()));
  }
}
