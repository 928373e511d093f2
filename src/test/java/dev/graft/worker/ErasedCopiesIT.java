package dev.graft.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ErasedContent;
import dev.graft.artifacts.ErasedCopies;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.jobs.QueueServer;
import dev.graft.pg.GraftIT;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A worker on another machine, with copies of two departments of which one is erased. */
@GraftIT
@Import(QueueServer.class)
class ErasedCopiesIT {
  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer queue;
  @Autowired JdbcClient sql;

  @Test
  void copiesOfAnErasedDepartmentAndAllTokensGo() throws Exception {
    try (FileArtifactStore store = FileArtifactStore.open(directory.resolve("copies"))) {
      Digest erased = put(store, "of the erased");
      Digest other = put(store, "of another");
      Path tokens = Files.createDirectories(directory.resolve("tokens"));
      Path ofSomebody = Files.writeString(tokens.resolve("a.tokens"), "rows");
      ErasedContent content =
          new HttpErasedContent(
              TestWorker.link(
                  directory.resolve("worker"),
                  URI.create("http://127.0.0.1:" + port),
                  queue.joinToken()),
              Duration.ofSeconds(10));
      BlobCache cache = BlobCache.of(store, new BlobCache.Bounds(1 << 20, 0));
      AtomicInteger linksGivenUp = new AtomicInteger();
      cache.beforeEviction(linksGivenUp::incrementAndGet);
      ErasedCopies copies = new ErasedCopies(content, cache);
      HttpErasedContent.ErasedTokens ofFiles = new HttpErasedContent.ErasedTokens(content, tokens);

      copies.forget();
      ofFiles.forget();
      assertThat(cache.held()).containsExactlyInAnyOrder(erased, other);
      assertThat(ofSomebody).exists();

      erasing(erased);
      assertThat(content.of(Set.of(other)).digests()).isEmpty();
      copies.forget();
      ofFiles.forget();
      assertThat(cache.held()).containsExactly(other);
      assertThat(linksGivenUp).hasValue(1);
      assertThat(ofSomebody).doesNotExist();

      Files.writeString(ofSomebody, "rows of the next job");
      copies.forget();
      ofFiles.forget();
      assertThat(ofSomebody).as("made after that erasure").exists();
      assertThat(linksGivenUp).hasValue(1);
    } finally {
      sql.sql("delete from department_erasure").update();
    }
  }

  private static Digest put(FileArtifactStore store, String content) throws IOException {
    byte[] bytes = content.getBytes(UTF_8);
    return store.put(new ByteArrayInputStream(bytes), bytes.length).sha256();
  }

  private void erasing(Digest content) {
    sql.sql(
            """
            with e as (insert into department_erasure (id, department_id, requested_at, requested_by, status, rows_deleted_at)
                       values ('erasure_1', 'proj_1', graft_now(), 'key_1', 'deleting_content', graft_now()) returning id)
            insert into department_erasure_blob (erasure_id, digest, bytes) select id, :digest, 1 from e
            """)
        .param("digest", content.hex())
        .update();
  }
}
