package dev.graft.tenancy.keys;

import dev.graft.platform.Ids;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.security.Secrets;
import dev.graft.tenancy.TenancyProperties;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionOperations;

/**
 * The administrator's key that the operator has chosen, such as a secret of the cluster: there
 * before the first request. Another value ends the one before; one that an administrator has ended
 * stays ended.
 */
@Component
class AdministratorFromSettings implements SmartInitializingSingleton {
  private static final Logger log = LoggerFactory.getLogger(AdministratorFromSettings.class);
  private static final String NAME = "from settings";

  /** As many as 256 random bits have in hexadecimal or more, less than in base 64. */
  private static final int SHORTEST = ApiKeys.PREFIX.length() + 43;

  private static final String KEEP =
      """
      insert into api_key (id, name, admin, prefix, hash, created_at)
      values (:id, :name, true, :prefix, :hash, graft_now())
      on conflict (hash) do nothing
      """;

  private static final String END_OTHERS =
      """
      update api_key set revoked_at = graft_now()
       where name = :name and department_id is null and hash <> :hash and revoked_at is null
      """;

  private final @Nullable String secret;
  private final JdbcClient sql;
  private final TransactionOperations transactions;
  private final Ids ids;

  AdministratorFromSettings(
      TenancyProperties settings, JdbcClient sql, TransactionOperations transactions, Ids ids) {
    this.secret = settings.adminKey();
    this.sql = sql;
    this.transactions = transactions;
    this.ids = ids;
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (secret == null || secret.isBlank()) return;
    if (!secret.startsWith(ApiKeys.PREFIX) || secret.length() < SHORTEST) {
      throw new MachineLacks(
          "graft.tenancy.admin-key (GRAFT_ADMIN_KEY) must be sk-graft- and 43 random characters or"
              + " more, such as sk-graft-$(openssl rand -hex 32)");
    }
    String key = secret;
    transactions.executeWithoutResult(transaction -> keep(key));
  }

  private void keep(String key) {
    byte[] hash = Secrets.hash(key);
    int made =
        sql.sql(KEEP)
            .param("id", ids.next("key_"))
            .param("name", NAME)
            .param("prefix", ApiKeys.shown(key))
            .param("hash", hash)
            .update();
    sql.sql(END_OTHERS).param("name", NAME).param("hash", hash).update();
    if (made == 1) log.atInfo().log("administrator_from_settings");
  }
}
