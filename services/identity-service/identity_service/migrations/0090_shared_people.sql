-- Accounts and their roles are kept by the shared read model `people` now, which reads them anew.
DROP TABLE accounts, account_grants;
DELETE FROM places WHERE subscription = 'accounts';
DELETE FROM parked_streams WHERE subscription = 'accounts';
DELETE FROM generations WHERE read_model = 'accounts';
