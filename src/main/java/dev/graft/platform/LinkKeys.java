package dev.graft.platform;

import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** The keys of {@link SignedLinks}: rows, so that any server reads what another has signed. */
@Component
class LinkKeys {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int BYTES = 32;
  private static final Duration SIGNS_FOR = Duration.ofDays(30);

  private final JdbcClient sql;
  private final Ids ids;

  LinkKeys(JdbcClient sql, Ids ids) {
    this.sql = sql;
    this.ids = ids;
  }

  record Key(String id, byte[] secret) {
    private static Key of(ResultSet row, int number) throws SQLException {
      return new Key(row.getString("id"), row.getBytes("secret"));
    }
  }

  /**
   * The one that signs now. One that is older makes place, and goes when its links have expired.
   */
  @Transactional
  Key current() {
    return sql.sql(
            """
            select id, secret from link_key
             where created_at > graft_now() - make_interval(secs => :signs_for)
             order by created_at desc, id desc limit 1
            """)
        .param("signs_for", SIGNS_FOR.toSeconds())
        .query(Key::of)
        .optional()
        .orElseGet(this::next);
  }

  private Key next() {
    byte[] secret = new byte[BYTES];
    RANDOM.nextBytes(secret);
    Key key = new Key(ids.next("lk_"), secret);
    sql.sql("insert into link_key (id, secret, created_at) values (:id, :secret, graft_now())")
        .param("id", key.id())
        .param("secret", secret)
        .update();
    sql.sql("delete from link_key where created_at < graft_now() - make_interval(secs => :lives)")
        .param("lives", SIGNS_FOR.plus(SignedLinks.LONGEST).toSeconds())
        .update();
    return key;
  }

  Optional<Key> find(String id) {
    return sql.sql("select id, secret from link_key where id = :id")
        .param("id", id)
        .query(Key::of)
        .optional();
  }
}
