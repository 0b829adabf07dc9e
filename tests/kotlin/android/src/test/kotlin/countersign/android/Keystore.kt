package countersign.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyInfo
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyFactorySpi
import java.security.KeyPairGenerator
import java.security.KeyPairGeneratorSpi
import java.security.KeyStoreSpi
import java.security.PrivateKey
import java.security.Provider
import java.security.PublicKey
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.security.spec.ECGenParameterSpec
import java.security.spec.KeySpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import javax.crypto.SecretKeyFactorySpi

/**
 * Stands where Android's own provider is on a phone: it keeps the keys that are made, and what was
 * asked for when they were.
 */
object Keystore {
    val CERTIFICATE = byteArrayOf(0x30, 0x00)
    val keys = HashMap<String, Key>()
    val asked = HashMap<String, KeyGenParameterSpec>()
    var hardware = true
    var strongBoxIsFull = false

    fun install() {
        keys.clear()
        asked.clear()
        hardware = true
        strongBoxIsFull = false
        Security.removeProvider("AndroidKeyStore")
        Security.addProvider(TheProvider)
    }

    private object TheProvider : Provider("AndroidKeyStore", "1", "for tests") {
        init {
            put("KeyStore.AndroidKeyStore", Store::class.java.name)
            put("KeyGenerator.AES", Aes::class.java.name)
            put("KeyGenerator.HmacSHA256", Hmac::class.java.name)
            put("KeyPairGenerator.EC", Ec::class.java.name)
            put("KeyFactory.EC", Facts::class.java.name)
            put("SecretKeyFactory.HmacSHA256", SecretFacts::class.java.name)
        }
    }

    fun <K : Key> keep(spec: KeyGenParameterSpec, key: K): K {
        if (spec.isStrongBoxBacked && strongBoxIsFull) throw StrongBoxUnavailableException()
        keys[spec.keystoreAlias] = key
        asked[spec.keystoreAlias] = spec
        return key
    }

    fun info(key: Key): KeyInfo {
        val alias = keys.entries.first { it.value == key }.key
        val level =
            if (hardware) KeyProperties.SECURITY_LEVEL_TRUSTED_ENVIRONMENT
            else KeyProperties.SECURITY_LEVEL_SOFTWARE
        // Robolectric adds one without parameters.
        return KeyInfo::class
            .java
            .constructors
            .maxBy { it.parameterCount }
            .let { constructor ->
                val defaults =
                    constructor.parameterTypes.map<Class<*>, Any?> { type ->
                        when (type) {
                            Boolean::class.javaPrimitiveType -> hardware
                            Int::class.javaPrimitiveType -> level
                            Long::class.javaPrimitiveType -> 0L
                            String::class.java -> alias
                            else -> null
                        }
                    }
                constructor.newInstance(*defaults.toTypedArray<Any?>()) as KeyInfo
            }
    }
}

open class Generator(private val algorithm: String) : KeyGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun engineInit(params: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = params as KeyGenParameterSpec
    }

    override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineInit(keysize: Int, random: SecureRandom?) =
        throw UnsupportedOperationException()

    override fun engineGenerateKey(): SecretKey =
        Keystore.keep(spec, KeyGenerator.getInstance(algorithm, "SunJCE").generateKey())
}

class Aes : Generator("AES")

class Hmac : Generator("HmacSHA256")

class Ec : KeyPairGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun initialize(keysize: Int, random: SecureRandom?) =
        throw UnsupportedOperationException()

    override fun initialize(params: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = params as KeyGenParameterSpec
    }

    override fun generateKeyPair() =
        KeyPairGenerator.getInstance("EC", "SunEC").run {
            initialize(spec.algorithmParameterSpec as ECGenParameterSpec)
            generateKeyPair().also { Keystore.keep(spec, it.private) }
        }!!
}

class Facts : KeyFactorySpi() {
    override fun <T : KeySpec> engineGetKeySpec(key: Key, kind: Class<T>): T =
        kind.cast(Keystore.info(key))

    override fun engineGeneratePublic(spec: KeySpec): PublicKey =
        throw UnsupportedOperationException()

    override fun engineGeneratePrivate(spec: KeySpec): PrivateKey =
        throw UnsupportedOperationException()

    override fun engineTranslateKey(key: Key): Key = throw UnsupportedOperationException()
}

class SecretFacts : SecretKeyFactorySpi() {
    override fun engineGetKeySpec(key: SecretKey, kind: Class<*>): KeySpec = Keystore.info(key)

    override fun engineGenerateSecret(spec: KeySpec): SecretKey =
        throw UnsupportedOperationException()

    override fun engineTranslateKey(key: SecretKey): SecretKey =
        throw UnsupportedOperationException()
}

/** What a phone's hardware says of a key, as far as it matters here. */
private object Attested : Certificate("X.509") {
    override fun getEncoded() = Keystore.CERTIFICATE

    override fun verify(key: PublicKey) = Unit

    override fun verify(key: PublicKey, provider: String) = Unit

    override fun toString() = "attested"

    override fun getPublicKey(): PublicKey = throw UnsupportedOperationException()
}

class Store : KeyStoreSpi() {
    override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

    override fun engineGetKey(alias: String, password: CharArray?): Key? = Keystore.keys[alias]

    override fun engineDeleteEntry(alias: String) {
        Keystore.keys.remove(alias)
    }

    override fun engineGetCertificateChain(alias: String): Array<Certificate>? =
        Keystore.asked[alias]?.attestationChallenge?.let { arrayOf(Attested) }

    override fun engineGetCertificate(alias: String): Certificate? = null

    override fun engineGetCreationDate(alias: String): Date? = null

    override fun engineSetKeyEntry(
        alias: String,
        key: Key,
        password: CharArray?,
        chain: Array<Certificate>?,
    ) = Unit

    override fun engineSetKeyEntry(alias: String, key: ByteArray, chain: Array<Certificate>?) = Unit

    override fun engineSetCertificateEntry(alias: String, cert: Certificate) = Unit

    override fun engineAliases(): Enumeration<String> = Collections.enumeration(Keystore.keys.keys)

    override fun engineContainsAlias(alias: String) = alias in Keystore.keys

    override fun engineSize() = Keystore.keys.size

    override fun engineIsKeyEntry(alias: String) = alias in Keystore.keys

    override fun engineIsCertificateEntry(alias: String) = false

    override fun engineGetCertificateAlias(cert: Certificate): String? = null

    override fun engineStore(stream: OutputStream?, password: CharArray?) = Unit
}
