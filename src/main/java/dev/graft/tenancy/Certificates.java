package dev.graft.tenancy;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.artifacts.BlobCollector;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.platform.UnixTime;
import dev.graft.tenancy.Erasures.Erasure;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Makes and signs the certificate of an erasure. */
@Component
class Certificates {
  private final Erasures erasures;
  private final DepartmentRemoval.Content content;
  private final DepartmentRemoval removal;
  private final BlobCollector collector;
  private final CertificateKey key;
  private final ErasureProperties settings;
  private final Environment environment;

  Certificates(
      Erasures erasures,
      DepartmentRemoval.Content content,
      DepartmentRemoval removal,
      BlobCollector collector,
      CertificateKey key,
      ErasureProperties settings,
      Environment environment) {
    this.erasures = erasures;
    this.content = content;
    this.removal = removal;
    this.collector = collector;
    this.key = key;
    this.settings = settings;
    this.environment = environment;
  }

  /**
   * Returns the signed certificate, or empty while the store still has content that is not needed:
   * a sweep was interrupted, or the content was stored again and is not used yet.
   */
  Optional<Erasure.Signed> of(Erasure erasure, Instant finishedAt) throws IOException {
    List<BlobRef> deleted = new ArrayList<>();
    List<BlobRef> left = new ArrayList<>();
    for (BlobRef blob : erasures.blobs(erasure.id())) {
      (content.has(blob) ? left : deleted).add(blob);
    }
    List<Digest> shared = left.stream().map(BlobRef::sha256).toList();
    if (!collector.needed(shared).containsAll(shared)) return Optional.empty();
    Certificate.Kept kept =
        new Certificate.Kept(
            removal.entriesKept(erasure),
            environment.getProperty("graft.audit.keep-months", Integer.class),
            settings.backupsKept());
    Certificate certificate = new Certificate(erasure, finishedAt);
    return Optional.of(key.sign(certificate.json(new Certificate.Content(deleted, left), kept)));
  }

  /**
   * States what was erased and what remains, as canonical JSON: sorted keys, no spaces, whole
   * numbers, as {@code jq -cS} writes it. Times are unix seconds.
   */
  static final class Certificate {
    private final Erasure erasure;
    private final Instant finishedAt;

    Certificate(Erasure erasure, Instant finishedAt) {
      this.erasure = erasure;
      this.finishedAt = finishedAt;
    }

    /**
     * @param shared content that other departments need, too
     */
    record Content(List<BlobRef> deleted, List<BlobRef> shared) {}

    /**
     * @param auditEntries number of audit log entries that are kept
     * @param auditMonths whole months that these entries are kept; null = for ever
     * @param backups how long backups are kept; null = unknown
     */
    record Kept(long auditEntries, @Nullable Integer auditMonths, @Nullable Duration backups) {}

    String json(Content content, Kept kept) {
      Map<String, @Nullable Object> all = new TreeMap<>();
      all.put("version", 1);
      all.put("erasure", erasure.id());
      all.put("project", erasure.departmentId());
      all.put("requested_at", erasure.requestedAt().getEpochSecond());
      all.put("requested_by", erasure.requestedBy());
      all.put("reason", erasure.reason());
      all.put("rows_deleted_at", UnixTime.seconds(erasure.rowsDeletedAt()));
      all.put("finished_at", finishedAt.getEpochSecond());
      all.put("rows_deleted", erasure.rowsDeleted());
      all.put("content_deleted", sum(content.deleted()));
      all.put("content_shared", sum(content.shared()));
      all.put("remains", remains(content, kept));
      return JsonMapper.shared().writeValueAsString(all);
    }

    private static Map<String, Long> sum(List<BlobRef> blobs) {
      return new TreeMap<>(
          Map.of(
              "blobs",
              (long) blobs.size(),
              "bytes",
              blobs.stream().mapToLong(BlobRef::bytes).sum()));
    }

    private List<Map<String, @Nullable Object>> remains(Content content, Kept kept) {
      List<Map<String, @Nullable Object>> remains = new ArrayList<>();
      remains.add(
          remains(
              "audit_log",
              kept.auditEntries()
                  + " entries with actor, action and time, without names and details, kept as"
                  + " evidence",
              kept.auditMonths() == null ? null : auditEnd(kept.auditMonths())));
      remains.add(remains("department_erasure", "this certificate", null));
      remains.add(
          remains("person", "e-mail addresses of people, who belong to the organisation", null));
      if (erasure.rowsDeleted().containsKey("checkpoint_permission")) {
        remains.add(
            remains(
                "references",
                "models that other projects made from its shared models refer to them",
                null));
      }
      if (!content.shared().isEmpty()) {
        remains.add(remains("content_shared", "other projects have the same content", null));
      }
      remains.add(
          remains(
              "worker_copies",
              "copies on workers that have not connected to a server since the rows were deleted",
              null));
      remains.add(
          remains(
              "backups",
              "backups made before the erasure are not changed",
              kept.backups() == null ? null : finishedAt.plus(kept.backups())));
      return remains;
    }

    /** Returns when entries written today are removed: this many months after the month's end. */
    private Instant auditEnd(int months) {
      return finishedAt
          .atOffset(ZoneOffset.UTC)
          .withDayOfMonth(1)
          .toLocalDate()
          .plusMonths(months + 1L)
          .atStartOfDay()
          .toInstant(ZoneOffset.UTC);
    }

    private static Map<String, @Nullable Object> remains(
        String what, String why, @Nullable Instant until) {
      Map<String, @Nullable Object> one = new TreeMap<>();
      one.put("what", what);
      one.put("why", why);
      one.put("until", UnixTime.seconds(until));
      return one;
    }
  }

  /** The Ed25519 key (RFC 8032) that signs certificates. It is stored in the database. */
  @Component
  static class CertificateKey {
    private static final String ALGORITHM = "Ed25519";

    private final JdbcClient sql;

    CertificateKey(JdbcClient sql) {
      this.sql = sql;
    }

    private record Stored(byte[] privateKey, byte[] publicKey) {}

    Erasure.Signed sign(String certificate) {
      try {
        Stored key = stored();
        Signature signature = Signature.getInstance(ALGORITHM);
        signature.initSign(
            KeyFactory.getInstance(ALGORITHM)
                .generatePrivate(new PKCS8EncodedKeySpec(key.privateKey())));
        signature.update(certificate.getBytes(UTF_8));
        return new Erasure.Signed(certificate, signature.sign(), key.publicKey());
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(
            "The signing key of certificates in the database is damaged.", e);
      }
    }

    /** Returns the stored key. If two servers make one at once, both use the first one stored. */
    private Stored stored() throws GeneralSecurityException {
      String find = "select private_key, public_key from certificate_key";
      var known = sql.sql(find).query((row, n) -> new Stored(row.getBytes(1), row.getBytes(2)));
      if (known.optional().isPresent()) return known.single();
      KeyPair made = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
      sql.sql(
              "insert into certificate_key (private_key, public_key) values (:private, :public)"
                  + " on conflict do nothing")
          .param("private", made.getPrivate().getEncoded())
          .param("public", made.getPublic().getEncoded())
          .update();
      return known.single();
    }
  }

  /**
   * Erasure of departments.
   *
   * @param backupsKept how long you keep backups, as stated in certificates; null = unknown
   */
  @ConfigurationProperties("graft.erasure")
  record ErasureProperties(@Nullable Duration backupsKept) {
    ErasureProperties {
      if (backupsKept != null && backupsKept.isNegative()) {
        throw new IllegalArgumentException(
            "graft.erasure.backups-kept must be a duration such as 35d, or unset");
      }
    }
  }
}
