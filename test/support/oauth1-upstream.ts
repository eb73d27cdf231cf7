/** An integration as Magento knows it, which a gateway signs as. */
export const integrationOfMagento = {
  name: 'gateway',
  consumerKey: 'ck'.padEnd(32, '0123456789'),
  consumerSecret: 'cs'.padEnd(32, '0123456789'),
  accessToken: 'at'.padEnd(32, '0123456789'),
  accessTokenSecret: 'as'.padEnd(32, '0123456789'),
}

/** The setting `upstream` of an integration whose requests are signed so. */
export const oauth1Upstream = {
  oauth1: {
    consumerKey: 'env:CK',
    consumerSecret: 'env:CS',
    accessToken: 'env:AT',
    accessTokenSecret: 'env:ATS',
  },
}

/** Its secrets, as environment variables. */
export const oauth1Env = {
  CK: integrationOfMagento.consumerKey,
  CS: integrationOfMagento.consumerSecret,
  AT: integrationOfMagento.accessToken,
  ATS: integrationOfMagento.accessTokenSecret,
}
