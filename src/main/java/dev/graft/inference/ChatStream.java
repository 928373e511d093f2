package dev.graft.inference;

import dev.graft.inference.child.Reply;
import dev.graft.platform.ErrorEnvelope;
import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.util.Optional;

/** A chat's answer as events, while it is made. */
final class ChatStream {
  private final EventStream events;
  private final ChatChunks chunks;
  private final int choices;

  ChatStream(EventStream events, ChatChunks chunks, int choices) {
    this.events = events;
    this.chunks = chunks;
    this.choices = choices;
  }

  /**
   * @throws RequestFailed before the first event
   * @throws IOException if the client is gone
   */
  void relay(Answering answering) throws IOException {
    Optional<Reply.Piece> first = answering.next();
    try {
      // All begin at once: OpenAI's Java client takes an answer for whole when every choice that it
      // has seen has ended.
      for (int i = 0; i < choices; i++) events.send(chunks.role(i));
      for (Optional<Reply.Piece> next = first; next.isPresent(); next = answering.next()) {
        send(next.get());
      }
      if (chunks.options().includeUsage()) events.send(chunks.usage(answering.done()));
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
