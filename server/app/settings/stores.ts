// Settings that belong to one kind of result store. The rows of stores this package has stand beside each store; those of others are
// kept here, so that one configuration can serve Python workers as well.
// Celery 5.6: app/defaults.py
import { DATABASE_STORE_SETTINGS } from '../../backends/database/settings.ts';
import { MEMCACHED_STORE_SETTINGS } from '../../backends/memcached/settings.ts';
import { REDIS_STORE_SETTINGS } from '../../backends/redis-settings.ts';
import { any, bool, type Dict, dict, float, int, list, SECONDS, string } from '../../setting.ts';

export const STORES = {
  arangodb_backend_settings: dict<Dict | null>(null, 'CELERY_ARANGODB_BACKEND_SETTINGS', 'ArangoDB: connection.'),
  azureblockblob_base_path: string('', 'AZUREBLOCKBLOB_BASE_PATH', 'Azure Blob: path before every key.'),
  azureblockblob_connection_timeout: int(20, 'AZUREBLOCKBLOB_CONNECTION_TIMEOUT', 'Azure Blob: connecting.', SECONDS),
  azureblockblob_container_name: string('celery', 'AZUREBLOCKBLOB_CONTAINER_NAME', 'Azure Blob: container.'),
  azureblockblob_read_timeout: int(120, 'AZUREBLOCKBLOB_READ_TIMEOUT', 'Azure Blob: reading.', SECONDS),
  azureblockblob_retry_increment_base: int(2, 'AZUREBLOCKBLOB_RETRY_INCREMENT_BASE', 'Azure Blob: growth of retries.'),
  azureblockblob_retry_initial_backoff_sec: int(
    2,
    'AZUREBLOCKBLOB_RETRY_INITIAL_BACKOFF_SEC',
    'Azure Blob: first wait of retries.',
    SECONDS,
  ),
  azureblockblob_retry_max_attempts: int(3, 'AZUREBLOCKBLOB_RETRY_MAX_ATTEMPTS', 'Azure Blob: tries.'),
  ...MEMCACHED_STORE_SETTINGS,
  cassandra_auth_kwargs: any<Dict | string | null>(null, 'CASSANDRA_AUTH_KWARGS', 'Cassandra: for the auth provider.'),
  cassandra_auth_provider: string(null, 'CASSANDRA_AUTH_PROVIDER', 'Cassandra: auth provider.'),
  cassandra_bundle_path: string(null, 'CASSANDRA_BUNDLE_PATH', 'Cassandra: bundle of a hosted cluster.'),
  cassandra_entry_ttl: float(null, 'CASSANDRA_ENTRY_TTL', 'Cassandra: rows are deleted after this.', SECONDS),
  cassandra_keyspace: string(null, 'CASSANDRA_KEYSPACE', 'Cassandra: keyspace.'),
  cassandra_options: dict<Dict>({}, 'CASSANDRA_OPTIONS', 'Cassandra: options of the cluster object.'),
  cassandra_port: any<string | number | null>(null, 'CASSANDRA_PORT', 'Cassandra: port.'),
  cassandra_read_consistency: string(null, 'CASSANDRA_READ_CONSISTENCY', 'Cassandra: consistency of reads.'),
  cassandra_servers: list<readonly string[] | null>(null, 'CASSANDRA_SERVERS', 'Cassandra: hosts.'),
  cassandra_table: string(null, 'CASSANDRA_TABLE', 'Cassandra: table.'),
  cassandra_write_consistency: string(null, 'CASSANDRA_WRITE_CONSISTENCY', 'Cassandra: consistency of writes.'),
  cosmosdbsql_collection_name: string('celerycol', 'COSMOSDBSQL_COLLECTION_NAME', 'Cosmos DB: collection.'),
  cosmosdbsql_consistency_level: string('Session', 'COSMOSDBSQL_CONSISTENCY_LEVEL', 'Cosmos DB: consistency.'),
  cosmosdbsql_database_name: string('celerydb', 'COSMOSDBSQL_DATABASE_NAME', 'Cosmos DB: database.'),
  cosmosdbsql_max_retry_attempts: int(9, 'COSMOSDBSQL_MAX_RETRY_ATTEMPTS', 'Cosmos DB: tries.'),
  cosmosdbsql_max_retry_wait_time: int(30, 'COSMOSDBSQL_MAX_RETRY_WAIT_TIME', 'Cosmos DB: longest wait.', SECONDS),
  couchbase_backend_settings: dict<Dict | null>(null, 'CELERY_COUCHBASE_BACKEND_SETTINGS', 'Couchbase: connection.'),
  ...DATABASE_STORE_SETTINGS,
  elasticsearch_max_retries: int(null, 'CELERY_ELASTICSEARCH_MAX_RETRIES', 'Elasticsearch: tries.'),
  elasticsearch_retry_on_timeout: bool(
    null,
    'CELERY_ELASTICSEARCH_RETRY_ON_TIMEOUT',
    'Elasticsearch: try again on another node after a timeout.',
  ),
  elasticsearch_save_meta_as_text: bool(
    true,
    'CELERY_ELASTICSEARCH_SAVE_META_AS_TEXT',
    'Elasticsearch: store records as text, not as JSON documents.',
  ),
  elasticsearch_timeout: float(null, 'CELERY_ELASTICSEARCH_TIMEOUT', 'Elasticsearch: one request.', SECONDS),
  gcs_base_path: string('', 'GCS_BASE_PATH', 'Google Cloud Storage: path before every key.'),
  gcs_bucket: string(null, 'GCS_BUCKET', 'Google Cloud Storage: bucket.'),
  gcs_project: string(null, 'GCS_PROJECT', 'Google Cloud Storage: project.'),
  gcs_ttl: float(0, 'GCS_TTL', 'Google Cloud Storage: objects are deleted after this. 0: never.', SECONDS),
  mongodb_backend_settings: dict<Dict | null>(null, 'CELERY_MONGODB_BACKEND_SETTINGS', 'MongoDB: connection.'),
  ...REDIS_STORE_SETTINGS,
  s3_access_key_id: string(null, 'S3_ACCESS_KEY_ID', 'S3: access key.'),
  s3_base_path: string(null, 'S3_BASE_PATH', 'S3: path before every key.'),
  s3_bucket: string(null, 'S3_BUCKET', 'S3: bucket.'),
  s3_endpoint_url: string(null, 'S3_ENDPOINT_URL', 'S3: address of another service with the same interface.'),
  s3_region: string(null, 'S3_REGION', 'S3: region.'),
  s3_secret_access_key: string(null, 'S3_SECRET_ACCESS_KEY', 'S3: secret key.'),
} as const;
