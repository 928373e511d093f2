package dev.graft.worker;

import dev.graft.training.ProtocolLines;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file of events that another program writes, read line by line as it grows. */
final class EventTail {
  private static final Logger log = LoggerFactory.getLogger(EventTail.class);
  private static final int SLICE = 1 << 20;

  private final Path file;
  private long at;

  EventTail(Path file) {
    this.file = file;
  }

  /** Events whose lines have become whole since the last call, up to a megabyte of them. */
  List<TrainingEvent> next() throws IOException {
    byte[] bytes = slice();
    List<TrainingEvent> events = new ArrayList<>();
    int begin = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] != '\n') continue;
      read(new String(bytes, begin, i - begin, StandardCharsets.UTF_8), events);
      begin = i + 1;
    }
    if (begin == 0 && bytes.length == SLICE) begin = SLICE; // no event is as long as that
    at += begin;
    return events;
  }

  private byte[] slice() throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate((int) Math.clamp(channel.size() - at, 0, SLICE));
      while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) > 0) {}
      byte[] read = new byte[buffer.position()];
      buffer.flip().get(read);
      return read;
    } catch (NoSuchFileException notYet) {
      return new byte[0];
    }
  }

  private void read(String line, List<TrainingEvent> events) {
    try {
      events.add(ProtocolLines.readEvent(line));
    } catch (IllegalArgumentException notOurs) {
      log.atWarn()
          .addKeyValue("trainer", file)
          .addKeyValue("chars", line.length())
          .log("trainer_line_ignored");
    }
  }
}
